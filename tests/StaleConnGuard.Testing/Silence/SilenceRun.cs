using System.Diagnostics;
using System.Globalization;
using System.Net;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>What became of one request that met a forgotten flow.</summary>
/// <param name="Elapsed">Time to the answer or the failure.</param>
/// <param name="Failure">Null when it was answered.</param>
/// <param name="Executions">How often the server executed it.</param>
public sealed record SilenceOutcome(TimeSpan Elapsed, Exception? Failure, int Executions);

/// <summary>A request on a connection that was used, has been idle, and was forgotten meanwhile.</summary>
public static class SilenceRun
{
    /// <summary>Long enough for the guard to have its doubts.</summary>
    public static readonly TimeSpan IdleAge = TimeSpan.FromMilliseconds(1100);

    // What either side still owes the other comes by then. Later it would meet the silence, or the reset, before the request does.
    private static readonly TimeSpan s_lastAcknowledgement = TimeSpan.FromMilliseconds(300);

    /// <summary>A client with a pool of its own, so that its connections are the only ones it can use.</summary>
    /// <param name="guarded">With the guard, or without.</param>
    /// <param name="patience">The client's own timeout.</param>
    /// <param name="configure">What to change; retries are off, POSTs take idle connections, and what one run learned spares no other.</param>
    /// <param name="handler">The handler to guard.</param>
    public static HttpClient Client(bool guarded, TimeSpan patience, Action<StaleConnGuardOptions>? configure = null, SocketsHttpHandler? handler = null)
    {
        handler ??= new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        var options = new StaleConnGuardOptions { Retry = { Enabled = false }, KeepAlive = { NonIdempotentMaxIdle = Timeout.InfiniteTimeSpan, Learn = false } };
        configure?.Invoke(options);
        return new HttpClient(guarded ? StaleConnGuardHandler.Create(options, handler) : handler) { Timeout = patience };
    }

    /// <summary>Makes a connection, forgets its flow, lets it rest, and sends a request on it. Runs on one path may overlap.</summary>
    public static async Task<SilenceOutcome> ForgetAndSendAsync(
        SilentPath path, HttpClient client, SilenceKind kind, string method, Version? version = null, TimeSpan? restoreAfter = null, string? id = null)
    {
        int port = await WarmUpAsync(path, client, version);
        long idle = Stopwatch.GetTimestamp();
        await Task.Delay(s_lastAcknowledgement);
        await path.ForgetAsync(kind, [port]);
        await RestAsync(idle);

        Task<SilenceOutcome> sending = SendAsync(path, client, method, version, id: id);
        if (restoreAfter is TimeSpan wait)
        {
            await Task.Delay(wait);
            await path.RestoreAsync();
        }

        return await sending;
    }

    /// <summary>Sends a first request. Returns the port that it came from.</summary>
    public static async Task<int> WarmUpAsync(SilentPath path, HttpClient client, Version? version = null)
    {
        using HttpRequestMessage request = Request(new Uri(path.Uri, "port"), "GET", version);
        using HttpResponseMessage response = await client.SendAsync(request);
        return int.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until a connection has been idle for <see cref="IdleAge"/>.</summary>
    public static async Task RestAsync(long idleSince)
    {
        TimeSpan rest = IdleAge - Stopwatch.GetElapsedTime(idleSince);
        if (rest > TimeSpan.Zero)
        {
            await Task.Delay(rest);
        }
    }

    /// <summary>Sends one request and says what became of it.</summary>
    public static async Task<SilenceOutcome> SendAsync(SilentPath path, HttpClient client, string method, Version? version = null, Uri? uri = null, HttpContent? content = null, string? id = null)
    {
        using HttpRequestMessage request = Request(uri ?? path.Uri, method, version);
        request.Content = content ?? request.Content;
        id ??= Guid.NewGuid().ToString("N");
        request.Headers.Add("X-Request-Id", id);
        long start = Stopwatch.GetTimestamp();
        Exception? failure = null;
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            response.EnsureSuccessStatusCode();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            failure = e;
        }

        return new SilenceOutcome(Stopwatch.GetElapsedTime(start), failure, path.Executions.GetValueOrDefault(id));
    }

    public static HttpRequestMessage Request(Uri uri, string method, Version? version) => new(new HttpMethod(method), uri)
    {
        Content = method == "GET" ? null : new ByteArrayContent(new byte[100]),
        Version = version ?? HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}

using System.Collections.Concurrent;
using System.Net;
using System.Text;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// Many requests at once over shared connections to a server that executes some of them and ends the connection at random: FIN, reset, GOAWAY that promises nothing
/// or the truth, half a frame. Counts what was executed twice and what was answered with another request's answer.
/// </summary>
public sealed class Http2Attack(Func<SocketsHttpHandler, HttpMessageHandler> makeHandler)
{
    private static readonly Http2End[] s_ends = [Http2End.Fin, Http2End.Reset, Http2End.GoAwayOfAll, Http2End.GoAwayHonest, Http2End.HalfFrame];

    private readonly Lock _lock = new();
    private readonly Random _random = new(20261126);
    private int _sent;
    private int _failed;
    private int _crossed;

    public int Sent => _sent;

    public int Failed => _failed;

    /// <summary>Requests that were given the answer to another.</summary>
    public int Crossed => _crossed;

    public int Connections { get; private set; }

    public int ExecutedTwice { get; private set; }

    public int NonIdempotent { get; private set; }

    /// <summary>Failures that are neither <see cref="HttpRequestException"/> nor derived from it.</summary>
    public ConcurrentQueue<Exception> Strange { get; } = new();

    /// <param name="requests">How many in all.</param>
    /// <param name="streams">How many at a time.</param>
    /// <param name="oneDeathIn">One execution in so many ends its connection.</param>
    /// <param name="executesAfterFin">The server goes on executing after its FIN.</param>
    public async Task RunAsync(int requests, int streams = 64, int oneDeathIn = 150, bool executesAfterFin = false)
    {
        await using ScriptedHttp2Server server = ScriptedHttp2Server.StartWorking(
            TimeSpan.FromMinutes(1),
            _ => Draw(oneDeathIn) == 0 ? executesAfterFin ? Http2End.Fin : s_ends[Draw(s_ends.Length)] : Http2End.None,
            () => TimeSpan.FromMilliseconds(Draw(3)),
            executesAfterFin);
        using var client = new HttpClient(makeHandler(new SocketsHttpHandler()));
        var nonIdempotent = new ConcurrentBag<string>();
        int left = requests;
        await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await SendAsync(client, server.Address, nonIdempotent);
            }
        })));
        Connections = server.ConnectionsAccepted;
        NonIdempotent = nonIdempotent.Count;
        ExecutedTwice = server.Executions.CountExecutedTwice(nonIdempotent);
    }

    private int Draw(int below)
    {
        lock (_lock)
        {
            return _random.Next(below);
        }
    }

    private async Task SendAsync(HttpClient client, Uri address, ConcurrentBag<string> nonIdempotent)
    {
        string id = Guid.NewGuid().ToString("N");
        using HttpRequestMessage request = Http2Race.Make(Http2Race.Kinds[Draw(Http2Race.Kinds.Count)], address, id);
        if (request.Method == HttpMethod.Post)
        {
            nonIdempotent.Add(id);
            if (request.Content is StringContent && Draw(4) == 0)
            {
                request.Content = new ByteArrayContent(new byte[Draw(100_000)]);
            }
        }

        _ = Interlocked.Increment(ref _sent);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request);
            string answer = await response.Content.ReadAsStringAsync();
            if (response.StatusCode == HttpStatusCode.OK && answer != id)
            {
                _ = Interlocked.Increment(ref _crossed);
            }
        }
        catch (HttpRequestException)
        {
            _ = Interlocked.Increment(ref _failed);
        }
        catch (Exception e)
        {
            _ = Interlocked.Increment(ref _failed);
            Strange.Enqueue(e);
        }
    }
}

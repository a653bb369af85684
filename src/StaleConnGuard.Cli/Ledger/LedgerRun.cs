using System.Globalization;
using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace StaleConnGuard.Cli;

/// <summary>One run of <c>staleconn ledger</c>: JSON on the standard output and nothing else, what is to be said about it on the error output.</summary>
internal static class LedgerRun
{
    // A full ledger's page is a third of it.
    private const int MaxBytes = 2 * 1024 * 1024;

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    // A colon is no reason to escape anything.
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<int> RunAsync(
        string source, KeyValuePair<string, string>[] headers, bool insecure, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        // A name with a scheme is no file, whatever the scheme: better to say what is accepted than that it was not found.
        bool isAddress = source.Contains("://", StringComparison.Ordinal);
        if (isAddress && !HttpAddress.TryParse(source, out _))
        {
            await error.WriteLineAsync(ArgumentError.Of("URL-or-file", source, $"{HttpAddress.Accepted}, or a file"));
            return CommandLine.BadArguments;
        }

        string name = UserInformation.Hide(source);
        try
        {
            byte[] text = isAddress
                ? await FetchAsync(new Uri(source), headers, insecure, cancellationToken)
                : await ReadAsync(source, cancellationToken);
            await WriteAsync(LedgerReading.Of(text), output, error);
            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandLine.Interrupted;
        }
        catch (JsonException exception)
        {
            await error.WriteLineAsync($"{name}: not the page of MapStaleConnGuard and not the file of KeepAlive:LedgerFile: {OneLine(exception)}");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            await error.WriteLineAsync($"{name}: {OneLine(exception)}");
        }

        return CommandLine.BadArguments;
    }

    private static async Task<byte[]> FetchAsync(Uri address, KeyValuePair<string, string>[] headers, bool insecure, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        if (insecure)
        {
#pragma warning disable CA5359 // Asked for by --insecure; only headers given on the command line are sent.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        using var client = new HttpClient(handler) { Timeout = s_timeout, MaxResponseContentBufferSize = MaxBytes };
        using var request = new HttpRequestMessage(HttpMethod.Get, address.UserInfo.Length == 0 ? address : new UriBuilder(address) { UserName = "", Password = "" }.Uri);
        foreach ((string header, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"answered {(int)response.StatusCode}, not 200"));
        }

        return await response.Content.ReadAsByteArrayAsync(cancellationToken);
    }

    private static async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        long length = new FileInfo(path).Length;
        return length <= MaxBytes ? await File.ReadAllBytesAsync(path, cancellationToken) : throw new IOException($"is larger than {MaxBytes} bytes");
    }

    private static async Task WriteAsync(LedgerReading reading, TextWriter output, TextWriter error)
    {
        var origins = new JsonObject();
        foreach ((string origin, TimeSpan timeout) in reading.Known)
        {
            origins[origin] = new JsonObject { [nameof(KeepAliveOriginOptions.ServerTimeout)] = timeout.ToString("c", CultureInfo.InvariantCulture) };
        }

        var document = new JsonObject
        {
            ["StaleConnGuard"] = new JsonObject { [nameof(StaleConnGuardOptions.KeepAlive)] = new JsonObject { [nameof(KeepAliveOptions.Origins)] = origins } },
        };
        await output.WriteLineAsync(document.ToJsonString(s_json));
        await error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{reading.Known.Count} of {reading.Origins} origins have a learned timeout; {reading.Advertised} tell theirs; {reading.Unusable} cannot be configured."));
    }

    private static string OneLine(Exception exception) => UserInformation.Hide(exception.Message.ReplaceLineEndings(" "));
}

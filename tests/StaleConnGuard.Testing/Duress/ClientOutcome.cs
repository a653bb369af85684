using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>What a client made of one request: all that the caller sees, as text that two clients can be compared by.</summary>
/// <param name="Text">Status, headers and body; or where and how it failed.</param>
/// <param name="Failure">Null when it was answered whole.</param>
/// <param name="Took">From the send to the end of the body.</param>
public sealed record ClientOutcome(string Text, Exception? Failure, TimeSpan Took)
{
    /// <summary>The answer came whole, whatever it says.</summary>
    public bool IsAnswered => Failure is null;

    /// <summary>Sends a request and reads all that comes of it.</summary>
    public static async Task<ClientOutcome> OfAsync(HttpClient client, HttpRequestMessage request, bool sync)
    {
        long started = Stopwatch.GetTimestamp();
        string stage = "head";
        try
        {
            using HttpResponseMessage response = sync
                ? await Task.Factory.StartNew(() => client.Send(request, HttpCompletionOption.ResponseHeadersRead), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                : await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            stage = string.Create(CultureInfo.InvariantCulture, $"body of {(int)response.StatusCode}");
            using var patience = new CancellationTokenSource(client.Timeout);
            byte[] body = await response.Content.ReadAsByteArrayAsync(patience.Token);
            return new ClientOutcome(TextOf(response, body), null, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception e)
        {
            return new ClientOutcome($"{stage}: {KindOf(e)}", e, Stopwatch.GetElapsedTime(started));
        }
    }

    private static string KindOf(Exception failure) => failure switch
    {
        HttpRequestException e => $"{nameof(HttpRequestException)} {e.HttpRequestError}",
        HttpIOException e => $"{nameof(HttpIOException)} {e.HttpRequestError}",
        OperationCanceledException => "timeout",
        _ => failure.GetType().Name,
    };

    private static string TextOf(HttpResponseMessage response, byte[] body)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"HTTP/{response.Version} {(int)response.StatusCode} {response.ReasonPhrase}\n");
        foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}: {values}\n");
        }

        foreach ((string name, IEnumerable<string> values) in response.TrailingHeaders)
        {
            text.Append(CultureInfo.InvariantCulture, $"trailer {name}: {string.Join(", ", values)}\n");
        }

        return text.Append(Encoding.Latin1.GetString(body)).ToString();
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prevent;

/// <summary>Guarded clients with default options and one ledger that send GETs and POSTs until they are stopped, at idle ages of any length up to a limit.</summary>
internal sealed class RestartLoad(Uri address, KeepAliveLedger ledger, TimeSpan longestIdle)
{
    private readonly HitCounter _counter = new();
    private int _sent;

    public int Sent => Volatile.Read(ref _sent);

    public int Hits => _counter.Hits;

    public int Resets => _counter.Resets;

    public ConcurrentQueue<(HttpMethod Method, Exception Exception)> Failures { get; } = new();

    public Task RunAsync(int workers, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(worker, stop), CancellationToken.None)));

    private async Task WorkAsync(int worker, CancellationToken stop)
    {
        var random = new Random(worker);
        using var client = new HttpClient(StaleConnGuardHandler.Create(new StaleConnGuardOptions(), new SocketsHttpHandler(), ledger, _counter));
        for (int i = worker; !stop.IsCancellationRequested; i++)
        {
            await SendAsync(client, i % 2 == 0 ? HttpMethod.Get : HttpMethod.Post);
            try
            {
                await AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(Stopwatch.GetTimestamp(), longestIdle * random.NextDouble()), stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task SendAsync(HttpClient client, HttpMethod method)
    {
        using var request = new HttpRequestMessage(method, address);
        if (method == HttpMethod.Post)
        {
            request.Content = new StringContent("""{"order":4711}""", Encoding.UTF8, "application/json");
        }

        try
        {
            _ = Interlocked.Increment(ref _sent);
            using HttpResponseMessage response = await client.SendAsync(request, CancellationToken.None);
            _ = response.EnsureSuccessStatusCode();
        }
        catch (HttpRequestException exception)
        {
            Failures.Enqueue((method, exception));
        }
    }
}

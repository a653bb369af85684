
namespace StaleConnGuard.WireTests.Common;

/// <summary>
/// The race on a real server, made to happen every time and without root: a request is held between the pool's look at its connection and its
/// first byte, until the server has closed because its idle timeout is over.
/// </summary>
internal sealed class HeldRace : IDisposable
{
    /// <summary>The idle timeout that the servers are told, if nothing else is said.</summary>
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(1);

    // Apache and nginx close up to a fifth of a second late on a busy machine.
    private static readonly TimeSpan s_late = TimeSpan.FromMilliseconds(700);

    private readonly TimeSpan _hold;
    private int _held;

    /// <param name="guarded">Or a plain client.</param>
    /// <param name="configure">Done to the handler.</param>
    /// <param name="heldConnection">Counted from 0 in the order they are made.</param>
    /// <param name="heldWrite">The write on that connection that is held, counted from 0.</param>
    /// <param name="idleTimeout">The server's, if it is not <see cref="IdleTimeout"/>.</param>
    public HeldRace(bool guarded, Action<SocketsHttpHandler>? configure = null, int heldConnection = 0, int heldWrite = 1, TimeSpan? idleTimeout = null)
    {
        _hold = (idleTimeout ?? IdleTimeout) + s_late;
        Client = new GuardedClient(guarded, configure: configure)
        {
            BeforeWrite = (connection, write) => connection == heldConnection && write == heldWrite ? HoldAsync() : Task.CompletedTask,
        };
    }

    public GuardedClient Client { get; }

    /// <summary>Whether a request was held.</summary>
    public bool Happened => Volatile.Read(ref _held) == 1;

    /// <summary>Leaves a connection in the pool.</summary>
    public async Task WarmUpAsync(Uri uri)
    {
        using HttpResponseMessage response = await Client.Http.GetAsync(uri);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>Sends it; what fails is handed over, not thrown.</summary>
    public async Task<(HttpResponseMessage? Response, HttpRequestException? Failure)> SendAsync(HttpRequestMessage request, bool sync = false)
    {
        try
        {
            return (await Client.SendAsync(request, sync), null);
        }
        catch (HttpRequestException e)
        {
            return (null, e);
        }
    }

    /// <summary>Warms up and sends one held request to the same place, as many of the tests do.</summary>
    public static async Task<HeldOutcome> RunAsync(bool guarded, Uri uri, string method, string body, bool sync = false, Action<SocketsHttpHandler>? configure = null, Action<HttpRequestMessage>? prepare = null)
    {
        using var race = new HeldRace(guarded, configure);
        await race.WarmUpAsync(uri);
        if (body == "one-shot")
        {
            // Nothing is confirmed before the body on a connection that has hardly been idle.
            await Task.Delay(150);
        }

        string id = Guid.NewGuid().ToString("N");
        HttpRequestMessage request = GuardedClient.Request(method, uri, body, id);
        prepare?.Invoke(request);
        (HttpResponseMessage? response, HttpRequestException? failure) = await race.SendAsync(request, sync);
        race.Happened.ShouldBeTrue();
        return new HeldOutcome(id, response?.StatusCode, failure, [.. race.Client.Observer.Hits.Select(hit => (hit.End, hit.Delivery, hit.Decision))]);
    }

    public void Dispose() => Client.Dispose();

    private Task HoldAsync()
    {
        Volatile.Write(ref _held, 1);
        return Task.Delay(_hold);
    }
}

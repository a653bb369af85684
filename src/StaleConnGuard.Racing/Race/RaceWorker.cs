using System.Diagnostics;
using System.Net;

namespace StaleConnGuard.Racing;

/// <summary>
/// One client of one entry with one pooled connection, that sends one aimed request after the other. A request that was answered leaves
/// the connection warm for the next; after a failure a request that is not counted warms up a new one.
/// </summary>
internal sealed class RaceWorker : IDisposable
{
    private const int WarmUpAttempts = 5;

    private readonly RaceEntry _entry;
    private readonly RaceSettings _settings;
    private readonly int _number;
    private readonly double _shift;
    private readonly Random _random;
    private readonly WireTap _tap = new();
    private readonly HttpClient _client;

    /// <param name="entry">Whose client it is.</param>
    /// <param name="settings">How the race is run.</param>
    /// <param name="number">Which worker of its entry it is; those of the same number draw the same ages in all entries.</param>
    /// <param name="shift">How much later than others of its number it begins, as a part of the idle timeout.</param>
    public RaceWorker(RaceEntry entry, RaceSettings settings, int number, double shift)
    {
        _entry = entry;
        _settings = settings;
        _number = number;
        _shift = shift;
        _random = new Random(unchecked((settings.Seed * 7919) + number));
        var handler = new SocketsHttpHandler();
        settings.Configure?.Invoke(handler);
        _tap.Attach(handler);
        _client = new HttpClient(entry.Contender.MakeHandler(handler));
    }

    public async Task RunAsync(int requests, string idPrefix, CancellationToken cancellationToken)
    {
        // The workers spread over one idle timeout, so that they do not hit the server, and this machine, in one burst. Those that draw the same
        // ages as well: they would lose their requests in the same millisecond, and wait for each other's recovery.
        await WaitAsync(Stopwatch.GetTimestamp(), _settings.Aim.To * ((_random.NextDouble() + _shift) % 1), cancellationToken);

        bool isWarm = false;
        for (int i = 0; i < requests; i++)
        {
            if (!isWarm)
            {
                isWarm = await TryWarmUpAsync($"{idPrefix}-{_number}-{i}{RaceRunner.WarmUpSuffix}", cancellationToken);
            }

            // Without a connection there is nothing to aim at, and the application's next request comes all the same.
            await WaitAsync(isWarm ? _tap.LastByteRead : Stopwatch.GetTimestamp(), DrawAge(), cancellationToken);
            RaceOutcome outcome = await SendAimedAsync($"{idPrefix}-{_number}-{i}", cancellationToken);
            _entry.Add(outcome);
            isWarm = outcome.Failure is null;
        }
    }

    public void Dispose() => _client.Dispose();

    private static Task WaitAsync(long since, TimeSpan span, CancellationToken cancellationToken) =>
        AlarmClock.Shared.WaitUntilAsync(AlarmClock.After(since, span), cancellationToken);

    // With every request aimed nothing but the age is drawn, so that a seed stands for the same ages as ever.
    private TimeSpan DrawAge() =>
        _settings.AimedShare >= 1 || _random.NextDouble() < _settings.AimedShare ? _settings.Aim.Draw(_random) : _settings.HarmlessAges.Draw(_random);

    /// <summary>False when the contender itself refuses to send, as a circuit breaker does that has opened.</summary>
    private async Task<bool> TryWarmUpAsync(string id, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await CountingConnectionsAsync(() => SendAsync(RequestKind.Get, id, cancellationToken));
                return true;
            }
            catch (HttpRequestException) when (attempt < WarmUpAttempts)
            {
                // What fails here fails outside the race; the next attempt gets a new connection.
            }
            catch (Exception exception) when (exception is not (HttpRequestException or OperationCanceledException))
            {
                return false;
            }
        }
    }

    private async Task<RaceOutcome> SendAimedAsync(string id, CancellationToken cancellationToken)
    {
        int lostBefore = _tap.Lost;
        int openedBefore = _tap.ConnectionsOpened;
        _tap.BeginRequest();
        long start = Stopwatch.GetTimestamp();
        Exception? failure = null;
        try
        {
            await CountingConnectionsAsync(() => SendAsync(_entry.Kind, id, cancellationToken));
        }
#pragma warning disable CA1031 // Whatever the caller of the client gets is an outcome.
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        return new RaceOutcome(id, failure, Stopwatch.GetElapsedTime(start), _tap.Lost > lostBefore)
        {
            ConnectionsOpened = _tap.ConnectionsOpened - openedBefore,
            CallToLoss = _tap.LossAfter(start),
            LossToConnection = _tap.LossToConnection,
        };
    }

    private async Task CountingConnectionsAsync(Func<Task> send)
    {
        int before = _tap.ConnectionsOpened;
        try
        {
            await send();
        }
        finally
        {
            _entry.AddConnections(_tap.ConnectionsOpened - before);
        }
    }

    private async Task SendAsync(RequestKind kind, string id, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = kind.Make(_entry.Target, id);
        using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken);

        // A server may well say 404, 405 or 501 to what is sent here: that is an answer. What gateways say when they lost a request is none.
        if (response.StatusCode >= HttpStatusCode.InternalServerError && response.StatusCode != HttpStatusCode.NotImplemented)
        {
            throw new HttpRequestException($"{_entry.Target} answers {(int)response.StatusCode}.", inner: null, response.StatusCode);
        }
    }
}

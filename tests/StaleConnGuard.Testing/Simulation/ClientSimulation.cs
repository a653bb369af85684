namespace StaleConnGuard.Testing;

/// <summary>
/// One client with a connection pool like that of SocketsHttpHandler (last in, first out; scavenged every 15 s; idle at most 60 s)
/// against one server model, in virtual time. It decides with the real <see cref="KeepAliveLimit"/> and teaches the real
/// <see cref="OriginKnowledge"/> what a real client would see: a FIN that arrived before a connection is taken is noticed, one still
/// on its way is a stale hit. What it would ask the kernel is answered from what it sent and got. The oracle is the same client with the server's shortest timeout known at every moment.
/// </summary>
public sealed class ClientSimulation
{
    private const double MeanService = 0.020;
    private const double ScavengeEvery = 15;
    private const double PoolIdle = 60;
    private const double Tolerance = 0.25;

    private static readonly KeepAliveSettings s_withoutMargin = KeepAliveSettings.From(new KeepAliveOptions { Margin = TimeSpan.Zero });

    private readonly ServerModel _server;
    private readonly Traffic _traffic;
    private readonly SimulatedClient _client;
    private readonly TestClock _clock = new();
    private readonly OriginKnowledge _knowledge;
    private readonly PriorityQueue<Connection?, double> _events = new();
    private readonly List<Connection> _idle = [];

    // One source a purpose, so that the oracle meets the same requests and the same server.
    private readonly Random _arrivals;
    private readonly Random _service;
    private readonly Random _closes;
    private readonly Random _kinds;
    private readonly Random _way;

    private readonly SimulationResult _result;
    private double _nextArrival;
    private bool _learned;
    private bool _followed = true;
    private double _changedAt;
    private int _nextChange;

    private ClientSimulation(ServerModel server, Traffic traffic, int seed, SimulatedClient client)
    {
        _server = server;
        _traffic = traffic;
        _client = client;
        _knowledge = new KeepAliveLedger(_clock).GetOrAdd(new OriginKey("http", "simulated", 80, null));
        _arrivals = new Random(seed);
        _service = new Random(seed + 1);
        _closes = new Random(seed + 2);
        _kinds = new Random(seed + 3);
        _way = new Random(seed + 4);
        _result = new SimulationResult { Server = server, Traffic = traffic };
    }

    /// <param name="server">The server.</param>
    /// <param name="traffic">The requests; every other one is not safe to repeat, at random.</param>
    /// <param name="hours">How long.</param>
    /// <param name="seed">Same seed, same run.</param>
    /// <param name="client">What decides and learns.</param>
    public static SimulationResult Run(ServerModel server, Traffic traffic, double hours, int seed, SimulatedClient client = SimulatedClient.Guard) =>
        new ClientSimulation(server, traffic, seed, client).Run(hours * 3600);

    private bool Learns => _client is SimulatedClient.Guard or SimulatedClient.GuardWithoutTcpInfo or SimulatedClient.GuardWithoutMargin;

    private SimulationResult Run(double until)
    {
        _nextArrival = _traffic.Gap(_arrivals);
        double nextScavenge = ScavengeEvery;
        while (true)
        {
            double completion = _events.TryPeek(out _, out double at) ? at : double.PositiveInfinity;
            double now = Math.Min(completion, Math.Min(_nextArrival, nextScavenge));
            if (now > until)
            {
                _result.NeverFollowed = !_followed && _knowledge.LearnedTicks != long.MaxValue;
                _result.Learned = _knowledge.LearnedTicks == long.MaxValue ? null : TimeSpan.FromTicks(_knowledge.LearnedTicks).TotalSeconds;
                return _result;
            }

            Advance(now);
            if (now == completion)
            {
                Returned(_events.Dequeue()!, now);
            }
            else if (now == nextScavenge)
            {
                Scavenge(now);
                nextScavenge += ScavengeEvery;
            }
            else
            {
                Request(now);
                _nextArrival = _traffic.OneAtATime ? double.PositiveInfinity : now + _traffic.Gap(_arrivals);
            }
        }
    }

    private void Advance(double now)
    {
        if (TimeSpan.FromSeconds(now) is var to && to > _clock.Elapsed)
        {
            _clock.Advance(to - _clock.Elapsed);
        }

        if (_nextChange < _server.Changes.Count && now >= _server.Changes[_nextChange])
        {
            _changedAt = _server.Changes[_nextChange++];
            (_learned, _followed) = (false, false);
        }
    }

    private void Request(double now)
    {
        _result.Requests++;
        bool safe = _kinds.Next(2) == 0;
        double service = -Math.Log(1 - _service.NextDouble()) * MeanService;
        while (_idle.Count > 0)
        {
            Connection connection = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            if (FinArrived(connection, now))
            {
                SawClose(connection, now);
                continue;
            }

            double age = now - connection.IdleSince;
            if (age > Limit(now, safe) && !IsSurelyOpen(connection, age, now))
            {
                GaveUp(age);
                continue;
            }

            double arrival = now + Way();
            if (connection.CloseAt <= arrival)
            {
                StaleHit(connection, age);
                break;
            }

            // Known when the response comes; a round trip makes no difference to what is learned.
            if (Learns)
            {
                _knowledge.SeenOpen(TimeSpan.FromSeconds(age), answered: true);
                NoteLearned(now);
                Advertised();
            }

            Send(connection, now, arrival, service);
            return;
        }

        _result.Opened++;
        var fresh = new Connection { Backend = (int)(_result.Opened % _server.Backends) };
        if (Learns)
        {
            Advertised();
        }

        double connected = now + Way() + Way();
        fresh.RoundTrip.Sample(connected - now);
        Send(fresh, connected, connected + Way(), service);
    }

    private void Send(Connection connection, double now, double arrival, double service)
    {
        connection.SentAt = now;
        connection.ServerIdleSince = arrival + service;
        bool isLarge = _server.LargeAnswers > 0 && _way.Next(_server.LargeAnswers) == 0;
        double answered = connection.ServerIdleSince + Way() + (isLarge ? 0.5 : 0);
        connection.RoundTrip.Sample(answered - now - service);
        _events.Enqueue(connection, answered);
    }

    private double Way() => _server.Jitter == 0 ? _server.Delay : _server.Delay + (_way.NextDouble() * _server.Jitter);

    private void Returned(Connection connection, double now)
    {
        // The server's clock started when it wrote the last byte.
        double serverIdleSince = connection.ServerIdleSince;
        connection.IdleSince = now;
        connection.CloseAt = _server.CloseAt(serverIdleSince, connection.Backend, _closes);
        connection.Restarted = false;
        foreach (double restart in _server.Restarts)
        {
            if (restart > serverIdleSince + _server.Spares && restart < connection.CloseAt)
            {
                (connection.CloseAt, connection.Restarted) = (restart, true);
            }
        }

        // A FIN does not overtake the answer before it.
        connection.FinAt = Math.Max(connection.CloseAt + Way(), now);

        _idle.Add(connection);
        if (_traffic.OneAtATime)
        {
            _nextArrival = now + _traffic.Gap(_arrivals);
        }
    }

    private void Scavenge(double now)
    {
        for (int i = _idle.Count - 1; i >= 0; i--)
        {
            Connection connection = _idle[i];
            if (FinArrived(connection, now))
            {
                _idle.RemoveAt(i);
                SawClose(connection, now);
            }
            else if (now - connection.IdleSince > PoolIdle)
            {
                _idle.RemoveAt(i);
                GaveUp(now - connection.IdleSince);
            }
        }
    }

    private bool FinArrived(Connection connection, double now) =>
        !(_server.Silent && !connection.Restarted) && connection.FinAt <= now;

    private double Limit(double now, bool safe)
    {
        if (_client == SimulatedClient.Plain)
        {
            return double.PositiveInfinity;
        }

        if (_client is SimulatedClient.Oracle or SimulatedClient.OracleWithMargin)
        {
            double shortest = _server.Shortest(now);
            double margin = _client is SimulatedClient.Oracle ? 2 * (_server.Delay + _server.Jitter) : Math.Min(1, shortest / 2);
            return double.IsPositiveInfinity(shortest) ? shortest : shortest - margin;
        }

        KeepAliveSettings settings = _client == SimulatedClient.GuardWithoutMargin ? s_withoutMargin : KeepAliveSettings.Default;
        long ticks = KeepAliveLimit.WithFullMargin(_knowledge, settings, safe).MaxIdleTicks;
        return ticks == long.MaxValue ? double.PositiveInfinity : TimeSpan.FromTicks(ticks).TotalSeconds;
    }

    /// <summary>What the guard asks the kernel when a connection is too old for the whole margin.</summary>
    private bool IsSurelyOpen(Connection connection, double age, double now)
    {
        long limit = KeepAliveLimit.WithMeasuredMargin(_knowledge, KeepAliveSettings.Default, safeToRepeat: false).MaxIdleTicks;

        // The runtime itself stops a second before what the server advertises.
        if (_client != SimulatedClient.Guard || TimeSpan.FromSeconds(age).Ticks > limit || age > _server.Advertises - 1)
        {
            return false;
        }

        var info = new TcpSnapshot(
            TcpSnapshot.Established, 0, 0, 0, TimeSpan.Zero, 0, TimeSpan.FromSeconds(age), TimeSpan.FromSeconds(age), 0, 0, TimeSpan.Zero, TimeSpan.FromSeconds(now - connection.SentAt));
        return NearLimit.IsSurelyOpen(info, limit);
    }

    private void SawClose(Connection connection, double now)
    {
        _result.ClosedByServer++;
        if (!Learns)
        {
            return;
        }

        double arrived = connection.FinAt;
        if (_client is not SimulatedClient.GuardWithoutTcpInfo)
        {
            _knowledge.IdleClosed(TimeSpan.FromSeconds(arrived - connection.IdleSince), exact: true, TimeSpan.FromSeconds(now - arrived), TimeSpan.FromSeconds(connection.RoundTrip.Long));
        }
        else
        {
            _knowledge.IdleClosed(TimeSpan.FromSeconds(now - connection.IdleSince), exact: false);
        }

        NoteLearned(now);
    }

    private void GaveUp(double age)
    {
        if (Learns)
        {
            _knowledge.SeenOpen(TimeSpan.FromSeconds(age));
            NoteLearned(_clock.Elapsed.TotalSeconds);
        }
    }

    private void StaleHit(Connection connection, double age)
    {
        if (connection.Restarted)
        {
            _result.StaleByRestart++;
        }
        else if (_learned)
        {
            _result.StaleAfterwards++;
        }
        else
        {
            _result.StaleUntilLearned++;
        }

        if (Learns)
        {
            _knowledge.StaleHit(TimeSpan.FromSeconds(age), reset: _server.Silent);
            NoteLearned(_clock.Elapsed.TotalSeconds);
        }
    }

    private void Advertised()
    {
        if (_server.Advertises is { } seconds)
        {
            _knowledge.Advertised(TimeSpan.FromSeconds(seconds));
        }
    }

    private void NoteLearned(double now)
    {
        if (_learned && _followed)
        {
            return;
        }

        double known = _knowledge.ServerTimeoutTicks == long.MaxValue ? double.PositiveInfinity : TimeSpan.FromTicks(_knowledge.ServerTimeoutTicks).TotalSeconds;
        double shortest = _server.Shortest(now);
        bool tooLong = known > (shortest * 1.1) + Tolerance;
        bool tooShort = known < (shortest * 0.9) - Tolerance;
        _learned |= !tooLong && !tooShort;

        // A longer timeout is followed as soon as the shorter is forgotten; a shorter one when it is known.
        bool raised = shortest > _server.Shortest(_changedAt - 1);
        if (!_followed && (raised ? !tooShort : !tooLong))
        {
            _followed = true;
            _result.LongestWrong = Math.Max(_result.LongestWrong, now - _changedAt);
        }
    }

    private sealed class Connection
    {
        public double IdleSince { get; set; }

        public double SentAt { get; set; }

        public double ServerIdleSince { get; set; }

        public double CloseAt { get; set; }

        public double FinAt { get; set; }

        public RoundTripEstimate RoundTrip { get; } = new();

        public int Backend { get; init; }

        public bool Restarted { get; set; }
    }
}

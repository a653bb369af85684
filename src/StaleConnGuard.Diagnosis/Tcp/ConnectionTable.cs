namespace StaleConnGuard.Diagnosis;

/// <summary>The connections that are open at a moment of the capture. What is over is judged and forgotten, so memory is bounded by what is open.</summary>
/// <param name="serverPort">A port that is known to be a server's; null for none.</param>
/// <param name="judge">Called once for each connection, when it is over or when the capture is.</param>
/// <param name="look">Called for a connection that is not over, when what becomes of a request on it may be decided; null when nobody wants to know so early.</param>
/// <param name="mostOpen">How many are followed at once; beyond that the one that began first is given up.</param>
internal sealed class ConnectionTable(int? serverPort, Action<TcpConnection, bool> judge, Action<TcpConnection>? look = null, int mostOpen = 200_000)
{
    // Resets and last ACKs come a round trip later.
    private const long Stragglers = 1_000_000_000;

    private readonly Dictionary<FlowKey, TcpConnection> _open = [];
    private readonly Dictionary<(uint Server, uint Client), TcpConnection> _byNumbers = [];
    private readonly Queue<(long Due, TcpConnection Connection)> _due = new();
    private readonly Queue<TcpConnection> _byAge = new();
    private long _now = long.MinValue;

    /// <summary>How many were open at once at most.</summary>
    public int MostOpen { get; private set; }

    /// <summary>Copies of packets that were captured twice.</summary>
    public long Copies { get; private set; }

    public long Connections { get; private set; }

    /// <summary>Connections that are others', seen once more under translated addresses.</summary>
    public long Twins { get; private set; }

    public void Add(in TcpSegment segment)
    {
        AdvanceTo(segment.Time);
        var key = FlowKey.Of(segment);
        if (_open.TryGetValue(key, out TcpConnection? connection) && connection.IsSucceededBy(segment))
        {
            Judge(connection, isGivenUp: false);
            connection = null;
        }

        if (connection is null)
        {
            connection = new TcpConnection(key);
            Connections++;
            _open[key] = connection;
            _byAge.Enqueue(connection);
            MostOpen = Math.Max(MostOpen, _open.Count);
            MakeRoom();
        }

        bool wasOver = connection.IsOver;
        if (!connection.Add(segment, serverPort))
        {
            Copies++;
            return;
        }

        if (segment.Has(TcpFlags.Syn) && segment.Has(TcpFlags.Ack))
        {
            FindTwin(connection);
        }

        if ((connection.IsOver && !wasOver) || (look is not null && connection.IsWorthALook()))
        {
            _due.Enqueue((_now + Stragglers, connection));
        }
    }

    /// <summary>The clock of the capture stands there: judges what is due.</summary>
    public void AdvanceTo(long time)
    {
        _now = Math.Max(_now, time);
        while (_due.TryPeek(out (long Due, TcpConnection Connection) next) && next.Due <= _now)
        {
            TcpConnection connection = _due.Dequeue().Connection;
            if (connection.IsOver)
            {
                Judge(connection, isGivenUp: false);
            }
            else if (IsOpen(connection) && !connection.IsTwin)
            {
                look?.Invoke(connection);
            }
        }
    }

    /// <summary>The capture is over.</summary>
    public void Finish()
    {
        foreach (TcpConnection connection in _open.Values.OrderBy(connection => connection.LastFrame).ToArray())
        {
            Judge(connection, isGivenUp: false);
        }
    }

    // Both sides draw their first numbers at random: two connections never share both, and a translation of addresses leaves them alone.
    private void FindTwin(TcpConnection connection)
    {
        if (connection.InitialNumbers is not { } numbers)
        {
            return;
        }

        if (_byNumbers.TryGetValue(numbers, out TcpConnection? first) && !ReferenceEquals(first, connection))
        {
            Twins += connection.IsTwin ? 0 : 1;
            connection.IsTwin = true;
            return;
        }

        _byNumbers[numbers] = connection;
    }

    private void MakeRoom()
    {
        while (_open.Count > mostOpen && _byAge.TryDequeue(out TcpConnection? oldest))
        {
            Judge(oldest, isGivenUp: true);
        }

        // Those that are gone leave the queue when they come to its head, or all at once when they are the most of it.
        while (_byAge.TryPeek(out TcpConnection? head) && !IsOpen(head))
        {
            _ = _byAge.Dequeue();
        }

        if (_byAge.Count > (2 * _open.Count) + 1024)
        {
            TcpConnection[] still = [.. _byAge.Where(IsOpen)];
            _byAge.Clear();
            foreach (TcpConnection connection in still)
            {
                _byAge.Enqueue(connection);
            }
        }
    }

    private bool IsOpen(TcpConnection connection) => _open.TryGetValue(connection.Key, out TcpConnection? there) && ReferenceEquals(there, connection);

    private void Judge(TcpConnection connection, bool isGivenUp)
    {
        if (!IsOpen(connection))
        {
            return;
        }

        _ = _open.Remove(connection.Key);
        if (connection.InitialNumbers is { } numbers && _byNumbers.TryGetValue(numbers, out TcpConnection? known) && ReferenceEquals(known, connection))
        {
            _ = _byNumbers.Remove(numbers);
        }

        connection.Finish();
        if (!connection.IsTwin)
        {
            judge(connection, isGivenUp);
        }
    }
}

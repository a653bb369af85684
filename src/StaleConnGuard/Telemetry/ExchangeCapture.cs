namespace StaleConnGuard.Telemetry;

/// <summary>
/// Attached to a request whose caller asked for <see cref="ExchangeInfo"/>; overwritten by each exchange of the request. Written by the
/// connection, read by the caller when the send has ended.
/// </summary>
internal sealed class ExchangeCapture
{
    private static readonly HttpRequestOptionsKey<ExchangeCapture> s_key = new("StaleConnGuard.ExchangeCapture");

    // As long as nobody in the process asks, the requests' options are not looked into: merely asking for them makes them.
    private static volatile bool s_everAsked;

    private volatile Exchange? _exchange;
    private long _connectionId;
    private int _resends;
    private long _connectionAgeTicks;
    private int _requestsBefore;
    private long _began;
    private long _firstByteTicks = -1;

    public static void Attach(HttpRequestMessage request)
    {
        s_everAsked = true;
        request.Options.Set(s_key, new ExchangeCapture());
    }

    public static ExchangeCapture? Of(HttpRequestMessage request) =>
        s_everAsked && request.Options.TryGetValue(s_key, out ExchangeCapture? capture) ? capture : null;

    public void Begin(Exchange exchange, int resends)
    {
        _connectionId = exchange.Connection!.Id;
        _resends = resends;
        _connectionAgeTicks = exchange.ConnectionAgeTicks;
        _requestsBefore = exchange.RequestsBefore;
        Volatile.Write(ref _firstByteTicks, -1);
        _began = exchange.Guard.Time.GetTimestamp();
        _exchange = exchange;
    }

    public void FirstByte()
    {
        // Interim responses and the final one: the first of them counts.
        if (_exchange is Exchange exchange && Volatile.Read(ref _firstByteTicks) < 0)
        {
            Volatile.Write(ref _firstByteTicks, exchange.Guard.Time.GetElapsedTime(_began).Ticks);
        }
    }

    public ExchangeInfo? Describe()
    {
        if (_exchange is not Exchange exchange)
        {
            return null;
        }

        long firstByte = Volatile.Read(ref _firstByteTicks);
        return new ExchangeInfo
        {
            ConnectionId = _connectionId,
            IsReused = exchange.IsReused,
            IdleAge = TimeSpan.FromTicks(exchange.IdleAgeTicks),
            ConnectionAge = TimeSpan.FromTicks(_connectionAgeTicks),
            RequestsOnConnection = _requestsBefore,
            TimeToFirstByte = firstByte < 0 ? null : TimeSpan.FromTicks(firstByte),
            ResendCount = _resends,
        };
    }
}

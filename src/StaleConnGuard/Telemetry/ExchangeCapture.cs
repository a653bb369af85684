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

    // A boxed TimeSpan; null when no byte has come.
    private volatile object? _firstByte;

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
        _firstByte = null;
        _began = exchange.Binding!.BeganAt;
        _exchange = exchange;
    }

    public void FirstByte()
    {
        // Interim responses and the final one: the first of them counts.
        if (_exchange is Exchange exchange && _firstByte is null)
        {
            _firstByte = exchange.Guard.Time.GetElapsedTime(_began);
        }
    }

    public ExchangeInfo? Describe()
    {
        if (_exchange is not Exchange exchange)
        {
            return null;
        }

        return new ExchangeInfo
        {
            ConnectionId = _connectionId,
            IsReused = exchange.IsReused,
            IdleAge = TimeSpan.FromTicks(exchange.IdleAgeTicks),
            ConnectionAge = TimeSpan.FromTicks(_connectionAgeTicks),
            RequestsOnConnection = _requestsBefore,
            TimeToFirstByte = (TimeSpan?)_firstByte,
            ResendCount = _resends,
        };
    }
}

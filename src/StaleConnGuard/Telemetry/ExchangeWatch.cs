using System.Diagnostics;

namespace StaleConnGuard.Telemetry;

/// <summary>
/// Watches one exchange for those who asked: the span that the runtime has open for it, and a caller's <see cref="ExchangeCapture"/>.
/// Not made when there is neither. Begun by the writing side; what follows is called by one side at a time.
/// </summary>
/// <remarks>
/// The runtime opens its span below the guard, once for each send, and stops it before the guard learns of a failure. The connection's
/// stream runs inside: at an exchange's first write the current activity is that span, and the evidence is recorded before it stops.
/// </remarks>
internal sealed class ExchangeWatch
{
    private const string HttpRequestOut = "System.Net.Http.HttpRequestOut";

    private readonly Activity? _span;
    private readonly ExchangeCapture? _capture;

    private ExchangeWatch(Activity? span, ExchangeCapture? capture)
    {
        _span = span;
        _capture = capture;
    }

    /// <summary>The exchange has been bound; its first byte is about to be written. Null when nobody asked.</summary>
    public static ExchangeWatch? Begin(Exchange exchange)
    {
        Activity? span = Recorded(Activity.Current);
        ExchangeCapture? capture = exchange.Request is HttpRequestMessage request ? ExchangeCapture.Of(request) : null;
        if (span is null && capture is null)
        {
            return null;
        }

        int resends = CountResends(exchange);
        if (resends > 0 && span?.OperationName == HttpRequestOut)
        {
            span.SetTag(StaleConnGuardDiagnostics.ResendCountTag, resends);
        }

        capture?.Begin(exchange, resends);
        return new ExchangeWatch(span, capture);
    }

    /// <summary>
    /// An exchange over a shared connection is done: only now it is known which one carried it, if no other can have. The runtime's span has been stopped by now, so there is only the capture.
    /// </summary>
    public static void Look(Exchange exchange)
    {
        if (exchange.Request is not HttpRequestMessage request || ExchangeCapture.Of(request) is not ExchangeCapture capture)
        {
            return;
        }

        if (exchange.IsBound)
        {
            capture.Begin(exchange, CountResends(exchange));
        }
        else if (exchange.Guard.Shared.FindOnlyCarrier(exchange) is Binding binding)
        {
            exchange.BindAfterwards(binding);
            capture.Begin(exchange, CountResends(exchange));
            capture.FirstByte();
        }
    }

    /// <summary>The runtime writes the request again by itself on a shared connection, within its own span.</summary>
    public static void WrittenAgain(Exchange exchange)
    {
        if (Recorded(Activity.Current) is { OperationName: HttpRequestOut } span && exchange.Request is HttpRequestMessage request)
        {
            span.SetTag(StaleConnGuardDiagnostics.ResendCountTag, (RequestAttempts.Find(request)?.Resends ?? 0) + exchange.Shared!.WrittenAgain);
        }
    }

    /// <summary>The first byte of a response has come.</summary>
    public void FirstByte() => _capture?.FirstByte();

    /// <summary>The exchange ended before any response byte, or was refused the connection.</summary>
    public void Ended(Exchange exchange)
    {
        if (_span is null || !exchange.IsReused || exchange.End is ConnectionEnd.None)
        {
            return;
        }

        bool refused = exchange.End is ConnectionEnd.Refused or ConnectionEnd.ClosedBeforeUse;
        KeepAliveLimit limit = EndedExchange.LimitInForce(exchange);
        _span.AddEvent(new ActivityEvent(
            refused ? StaleConnGuardDiagnostics.ConnectionRefusedEvent : StaleConnGuardDiagnostics.StaleHitEvent,
            tags: new ActivityTagsCollection
            {
                [TelemetryTags.ErrorType] = exchange.End.ToString(),
                [TelemetryTags.Delivery] = exchange.Delivery.ToString(),
                [TelemetryTags.IdleAge] = TimeSpan.FromTicks(exchange.IdleAgeTicks).TotalSeconds,
                [TelemetryTags.ConnectionAge] = TimeSpan.FromTicks(exchange.ConnectionAgeTicks).TotalSeconds,
                [TelemetryTags.RequestsOnConnection] = exchange.RequestsBefore,
                [TelemetryTags.Limit] = limit.MaxIdle?.TotalSeconds,
                [TelemetryTags.LimitSource] = limit.Source.ToString(),
            }));
    }

    // Without a listener for the runtime's spans there is one all the same, for propagation, that nobody will see: its parent is then the place.
    private static Activity? Recorded(Activity? activity)
    {
        while (activity is { IsAllDataRequested: false })
        {
            activity = activity.Parent;
        }

        return activity;
    }

    private static int CountResends(Exchange exchange)
    {
        if (exchange.Request is not HttpRequestMessage request)
        {
            return 0;
        }

        if (exchange.Root is not null)
        {
            RequestAttempts.GetOrAttach(request).FurtherRequests++;
        }

        RequestAttempts? attempts = RequestAttempts.Find(request);
        if (exchange.Root is null)
        {
            attempts?.BeginWatched();
        }

        return (attempts?.Resends ?? 0) + (exchange.Shared?.WrittenAgain ?? 0);
    }
}

/// <summary>Follows the exchanges that a recorded span or a caller's <see cref="ExchangeCapture"/> asks about.</summary>
internal sealed class ExchangeFollower : IGuardEvents
{
    /// <inheritdoc/>
    public RequestEvents Hears => RequestEvents.ExchangeBegan | RequestEvents.ResponseBegan | RequestEvents.SharedExchangeDone;

    public static ExchangeFollower Instance { get; } = new();

    /// <inheritdoc/>
    public void ExchangeBegan(Exchange exchange) => exchange.Followed = ExchangeWatch.Begin(exchange);

    /// <inheritdoc/>
    public void ResponseBegan(Exchange exchange) => (exchange.Followed as ExchangeWatch)?.FirstByte();

    /// <inheritdoc/>
    public void SharedExchangeDone(Exchange exchange) => ExchangeWatch.Look(exchange);

    /// <inheritdoc/>
    public void RuntimeRepeats(Exchange exchange) => ExchangeWatch.WrittenAgain(exchange);

    /// <inheritdoc/>
    public void ExchangeEnded(Exchange exchange) => (exchange.Followed as ExchangeWatch)?.Ended(exchange);
}

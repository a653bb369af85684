using System.Globalization;

namespace StaleConnGuard.Diagnosis;

/// <summary>Verdicts, reasons and evidence in words; the same in every kind of report.</summary>
internal static class Wording
{
    public static string Of(Verdict verdict) => verdict switch
    {
        Verdict.Open => "still open",
        Verdict.Clean => "closed in good order",
        Verdict.ClosedIdleByServer => "closed idle by the server",
        Verdict.ClosedIdleByClient => "closed idle by the client",
        Verdict.LostInFlight => "request lost: in flight when the server closed, not taken",
        Verdict.SentAfterFin => "sent after the FIN had arrived, not taken",
        Verdict.TakenThenClosed => "taken, then closed without an answer: not safe to repeat",
        Verdict.ResetAfterTaken => "reset after bytes of the request were acknowledged: unread or died at work, not safe to repeat",
        Verdict.ResetForgotten => "reset: the other side knows nothing of the connection (forgotten flow)",
        Verdict.ResetByListener => "reset: nobody listens, or the listen queue is full",
        Verdict.SilentDrop => "silent drop: sent again and again, never acknowledged",
        Verdict.CutResponse => "cut response",
        Verdict.GivenUpByClient => "given up by the client before an answer came",
        _ => "unknown",
    };

    public static string Of(Reason reason) => reason switch
    {
        Reason.OneDirectionOnly => "packets of one direction only",
        Reason.HoleInServerStream => "bytes of the server were not captured: an answer may be among them",
        Reason.HoleInClientStream => "bytes of the client were not captured just there",
        Reason.AnswersNotTold => "requests were sent without waiting for answers, and where one of those ends was not captured",
        Reason.NoDirection => "which side is the client cannot be told: the capture begins in the middle (--port tells the server's port)",
        Reason.NotRead => "neither HTTP nor TLS, or the capture begins in the middle",
        Reason.NothingSeen => "no byte was exchanged while it was captured",
        Reason.NoTimes => "frames without time stamps: how long it was idle is not known",
        Reason.TooMany => "more connections at once than are followed",
        Reason.ResetUnexplained => "a reset that none of the known causes explains",
        Reason.FinBeforeRequest => "the FIN acknowledges nothing of the request",
        Reason.ResetCrossedRequest => "the reset acknowledges nothing of the request and is no answer to it",
        Reason.AboveGoAway => "GOAWAY names a lower last stream",
        Reason.FinAcknowledgedByRequest => "the request's own packet acknowledges the FIN",
        Reason.FinAfterRequest => "the FIN acknowledges bytes of the request",
        Reason.ResetAfterAcknowledgment => "bytes of the request were acknowledged before the reset, or by it",
        Reason.ResetAnswersRequest => "the reset has no ACK number and answers the request's own packet",
        Reason.ResetOfNewConnection => "a new connection, reset before a byte came back",
        Reason.NothingAcknowledged => "sent three times or more, and nothing came back",
        Reason.ResponseIncomplete => "the response is shorter than it said",
        Reason.ClientEndedFirst => "the client's own FIN or reset came first",
        Reason.NothingOutstanding => "no request was outstanding",
        Reason.NotEnded => "neither side ended it while it was captured",
        _ => "no rule fits what was captured",
    };

    public static string Of(VantagePoint point) => point switch
    {
        VantagePoint.Client => "at the client (by the handshakes)",
        VantagePoint.Server => "at the server (by the handshakes)",
        VantagePoint.InBetween => "between client and server (by the handshakes)",
        VantagePoint.Several => "at the client of some connections and at the server of others (by the handshakes), as on a gateway",
        VantagePoint.SameMachine => "client and server are one machine, or next to each other",
        _ => "unknown: no whole handshake was captured",
    };

    public static string Of(Delivery? delivery) => delivery switch
    {
        Delivery.NotSent => "nothing of a request was sent: safe to repeat",
        Delivery.ProvenUndelivered => "proven undelivered: safe to repeat, whatever its method",
        Delivery.ResponseStarted => "a response had begun",
        Delivery.Unknown => "unproven for the client: only what is idempotent may be repeated",
        _ => string.Empty,
    };

    public static string Of(ReplayDecision? decision) => decision switch
    {
        null => string.Empty,
        ReplayDecision.ReplayNotSent => "The guard sends it again: nothing was sent.",
        ReplayDecision.ReplayProvenUndelivered => "The guard sends it again: proven undelivered.",
        ReplayDecision.ReplaySafeToRepeat => "The guard sends it again: its method is idempotent.",
        ReplayDecision.SurfaceNewConnection => "The guard does not send it again at once: the connection was new.",
        ReplayDecision.SurfaceNotSafeToRepeat => "The guard does not send it again: its method is not idempotent, unless it carries an Idempotency-Key or is marked.",
        ReplayDecision.SurfaceResponseStarted => "The guard does not send it again: a response had begun.",
        ReplayDecision.SurfaceCancelled => "The guard does not send it again: the client had given up.",
        _ => $"The guard: {decision}.",
    };

    public static string Label(RequestFacts request, bool redactPaths)
    {
        if (request.StreamId > 0)
        {
            return string.Create(CultureInfo.InvariantCulture, $"stream {request.StreamId}");
        }

        return request.Method is null
            ? string.Create(CultureInfo.InvariantCulture, $"request {request.Ordinal} (not readable)")
            : $"{request.Method} {(redactPaths ? "/…" : Printable(request.Path))}";
    }

    /// <summary>A place in a stream as tcpdump and Wireshark number it: the first byte is 1.</summary>
    public static long Relative(long offset) => offset + 1;

    /// <summary>The numbers beside a verdict.</summary>
    public static string Evidence(Finding finding)
    {
        var parts = new List<string>();
        if (finding.Request is { } request)
        {
            string atLeast = finding.FromTheBeginning ? string.Empty : " at least";
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"request {request.Ordinal}{atLeast} of its connection, seq {Relative(request.Start)}:{Relative(request.End)} in frame {request.Frame} at {TimeOfDay(request.Time)}"));
            if (request.Ahead > 0)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"sent while {request.Ahead} before it waited for their answers"));
            }

            if (request.Transmissions > 1)
            {
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"sent {request.Transmissions} times"));
            }
        }

        if (finding.End is { } end)
        {
            string acknowledges = end.Acknowledged is { } number ? string.Create(CultureInfo.InvariantCulture, $", ACK {Relative(number)}") : ", no ACK";
            string ender = finding.Judgement.Verdict is Verdict.GivenUpByClient or Verdict.ClosedIdleByClient ? "client's" : "server's";
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{ender} {(finding.IsReset ? "RST" : "FIN")} in frame {end.Frame} at {TimeOfDay(end.Time)}{acknowledges}"));
        }

        if (finding.Request is not null)
        {
            parts.Add(finding.Request.AcknowledgedIn is { } later
                ? string.Create(CultureInfo.InvariantCulture, $"first acknowledged in frame {later}")
                : "never acknowledged");
        }

        return string.Join("; ", parts);
    }

    public static string Of(AgeGroup group) => group.To - group.From < TimeSpan.FromMilliseconds(1)
        ? string.Create(CultureInfo.InvariantCulture, $"{Age(group.From)} ({group.Count})")
        : string.Create(CultureInfo.InvariantCulture, $"{Age(group.From)} to {Age(group.To)} ({group.Count})");

    /// <summary>Why it was judged so, and what may be done.</summary>
    public static string Sentence(Finding finding)
    {
        string reason = Of(finding.Judgement.Reason);
        string decision = Of(finding.GuardDecision);
        string what = decision.Length > 0 ? decision : Of(finding.Judgement.Delivery);
        return what.Length == 0 ? $"{Capital(reason)}." : $"{Capital(reason)}. {Capital(what)}{(what.EndsWith('.') ? string.Empty : ".")}";
    }

    private static string Capital(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    public static string Age(TimeSpan? age) => age is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalSeconds:0.000} s") : "?";

    private static string TimeOfDay(long nanoseconds) => Nanoseconds.ToTime(nanoseconds).ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    public static string Time(long nanoseconds) => Nanoseconds.ToTime(nanoseconds).ToString("yyyy-MM-dd HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary>What a foreign capture calls a path must not steer a terminal.</summary>
    public static string Printable(string? text) => string.Concat((text ?? string.Empty).Select(character => char.IsControl(character) || character > 0x7E && character != '…' ? '?' : character));
}

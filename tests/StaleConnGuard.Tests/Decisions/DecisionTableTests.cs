using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Decisions;

/// <summary>The decision table of docs/how-it-works.md, row by row, as the replay rule and the retry rules decide it.</summary>
public class DecisionTableTests
{
    private const string Replay = "replay";
    private const string Once = "replay, once";
    private const string Retry = "retry";
    private const string Surface = "surface";

    // What the document says, and the facts that its words stand for. A row that the guard does not see has no replay facts.
    private static readonly Row[] s_rows =
    [
        new("refused by the guard, or found closed before the first byte", "`NotSent`", Replay, Replay)
        {
            Facts = Facts(Delivery.NotSent),
            Safe = ReplayDecision.ReplayNotSent,
            Other = ReplayDecision.ReplayNotSent,
        },
        new("stale hit, FIN, nothing acknowledged", "`ProvenUndelivered`", Replay, Replay)
        {
            Facts = Facts(Delivery.ProvenUndelivered),
            Safe = ReplayDecision.ReplayProvenUndelivered,
            Other = ReplayDecision.ReplayProvenUndelivered,
        },
        new("stale hit, FIN, something acknowledged, or no proof to be had", "`Unknown`", Once, Surface)
        {
            Facts = Facts(Delivery.Unknown),
            Safe = ReplayDecision.ReplaySafeToRepeat,
            Other = ReplayDecision.SurfaceNotSafeToRepeat,
        },
        new("stale hit, reset", "`Unknown`", Once, Surface)
        {
            Facts = Facts(Delivery.Unknown),
            Safe = ReplayDecision.ReplaySafeToRepeat,
            Other = ReplayDecision.SurfaceNotSafeToRepeat,
        },
        new("stale hit, nothing acknowledged any more", "`Unknown`", Once + ", soon", Surface + ", after `UnacknowledgedDataTimeout`")
        {
            Facts = Facts(Delivery.Unknown),
            Safe = ReplayDecision.ReplaySafeToRepeat,
            Other = ReplayDecision.SurfaceNotSafeToRepeat,
        },
        new("end before any response byte on a **new** connection", "`Unknown`", "retry with backoff", Surface)
        {
            Facts = Facts(Delivery.Unknown) with { IsReused = false },
            Safe = ReplayDecision.SurfaceNewConnection,
            Other = ReplayDecision.SurfaceNewConnection,
            Failure = FailureKind.ConnectionLost,
            SafeRetry = RetryReason.RetriedConnectionLost,
            OtherRetry = RetryReason.StoppedNotSafeToRepeat,
        },
        new("connect, DNS, TLS or tunnel failed", "`NotSent`", Retry, Retry)
        {
            Failure = FailureKind.NotSent,
            SafeRetry = RetryReason.RetriedNotReceived,
            OtherRetry = RetryReason.RetriedNotReceived,
        },
        new("502, 503, 504", "answered", Retry, Surface + " the response")
        {
            Status = HttpStatusCode.ServiceUnavailable,
            SafeRetry = RetryReason.RetriedStatus,
            OtherRetry = RetryReason.StoppedNotSafeToRepeat,
        },
        new("any byte of a response arrived", "`ResponseStarted`", Surface, Surface)
        {
            Facts = Facts(Delivery.ResponseStarted),
            Safe = ReplayDecision.SurfaceResponseStarted,
            Other = ReplayDecision.SurfaceResponseStarted,
            Failure = FailureKind.ResponseStarted,
            SafeRetry = RetryReason.StoppedResponseStarted,
            OtherRetry = RetryReason.StoppedResponseStarted,
        },
        new("cancelled by the caller", "–", Surface, Surface)
        {
            Facts = Facts(Delivery.NotSent) with { IsCancelled = true },
            Safe = ReplayDecision.SurfaceCancelled,
            Other = ReplayDecision.SurfaceCancelled,
            Failure = FailureKind.Cancelled,
            SafeRetry = RetryReason.StoppedCancelled,
            OtherRetry = RetryReason.StoppedCancelled,
        },
        new("body cannot be sent again and was touched", "–", Surface, Surface)
        {
            Facts = Facts(Delivery.ProvenUndelivered) with { CanBodyBeSent = false },
            Safe = ReplayDecision.SurfaceBodyConsumed,
            Other = ReplayDecision.SurfaceBodyConsumed,
            Failure = FailureKind.ConnectionLost,
            OneShotBody = true,
            SafeRetry = RetryReason.StoppedBodyOneShot,
            OtherRetry = RetryReason.StoppedNotSafeToRepeat,
        },
    ];

    public static TheoryData<string> Rows() => [.. s_rows.Select(r => r.What)];

    [Fact]
    public void Document_HasTheseRowsAndNoOther()
    {
        IEnumerable<string> documented = File.ReadLines(Repository.PathOf("docs/how-it-works.md"))
            .SkipWhile(line => !line.StartsWith("| what happened", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'));

        documented.ShouldBe(s_rows.Select(r => $"| {r.What} | {r.Delivery} | {r.SaysSafe} | {r.SaysOther} |"));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Replay_Row_IsDecidedAsDocumented(string what)
    {
        Row row = s_rows.Single(r => r.What == what);
        if (row.Facts is not ReplayFacts facts)
        {
            return;
        }

        ReplayDecision safe = ReplayRule.Decide(facts with { IsSafeToRepeat = true });
        ReplayDecision other = ReplayRule.Decide(facts with { IsSafeToRepeat = false });

        safe.ShouldBe(row.Safe);
        other.ShouldBe(row.Other);
        safe.IsReplay().ShouldBe(row.SaysSafe.StartsWith(Replay, StringComparison.Ordinal));
        other.IsReplay().ShouldBe(row.SaysOther.StartsWith(Replay, StringComparison.Ordinal));
        if (row.SaysSafe.StartsWith(Once, StringComparison.Ordinal))
        {
            ReplayRule.Decide(facts with { IsSafeToRepeat = true, IsUnprovenReplaySpent = true, Replays = 1 }).ShouldBe(ReplayDecision.SurfaceUnprovenReplayExhausted);
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Retry_Row_IsDecidedAsDocumented(string what)
    {
        Row row = s_rows.Single(r => r.What == what);
        if (row.SafeRetry is null)
        {
            return;
        }

        RetryReason safe = Judge(row, "PUT");
        RetryReason other = Judge(row, "POST");

        safe.ShouldBe(row.SafeRetry.Value);
        other.ShouldBe(row.OtherRetry!.Value);
        RetryDecision.Stop(safe).IsRetry.ShouldBe(row.SaysSafe.StartsWith(Retry, StringComparison.Ordinal));
        RetryDecision.Stop(other).IsRetry.ShouldBe(row.SaysOther.StartsWith(Retry, StringComparison.Ordinal));
    }

    [Fact]
    public void Rows_AllHaveATest() => s_rows.ShouldAllBe(r => r.Facts != null || r.SafeRetry != null);

    private static ReplayFacts Facts(Delivery delivery) => new()
    {
        Delivery = delivery,
        IsReused = true,
        IsCancelled = false,
        IsSafeToRepeat = false,
        CanBodyBeSent = true,
        Replays = 0,
        IsUnprovenReplaySpent = false,
        MaxReplays = 3,
        NonIdempotentReplay = NonIdempotentReplay.WhenProven,
    };

    private static RetryReason Judge(Row row, string method)
    {
        var policy = new RetryPolicy(new RetryOptions(), NonIdempotentReplay.WhenProven, new Random(1));
        using HttpRequestMessage request = RetryBench.Request(method, row.OneShotBody ? OneShot.Content("a") : new StringContent("a"));
        using HttpResponseMessage? response = row.Status is HttpStatusCode status ? new HttpResponseMessage(status) : null;
        return policy.Judge(new RequestSnapshot(request), attempts: null, retries: 0, row.Failure, response, CancellationToken.None);
    }

    private sealed record Row(string What, string Delivery, string SaysSafe, string SaysOther)
    {
        public ReplayFacts? Facts { get; init; }

        public ReplayDecision Safe { get; init; }

        public ReplayDecision Other { get; init; }

        public FailureKind Failure { get; init; }

        public HttpStatusCode? Status { get; init; }

        public bool OneShotBody { get; init; }

        public RetryReason? SafeRetry { get; init; }

        public RetryReason? OtherRetry { get; init; }
    }
}

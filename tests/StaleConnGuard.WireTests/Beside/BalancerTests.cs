using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>
/// A balancer whose own connections race with its upstream's closing: the loss is not the client's, and no kernel can prove anything to it. What is safe to
/// repeat is repeated, everything else is handed over as it came. (nginx answers 502; HAProxy closes on a client that has sent before, without a word.)
/// </summary>
[Collection(ExactTime.Collection)]
public sealed class BalancerTests(ITestOutputHelper output)
{
    private const int Clients = 8;
    private const int FewestBursts = 2;
    private const int Bursts = 8;

    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_upstreamIdle = TimeSpan.FromSeconds(1);
    private static readonly RequestKind s_put = new("PUT", HttpMethod.Put, """{"order":4711}""");

    [Theory]
    [InlineData("nginx-proxy")]
    [InlineData("haproxy-proxy")]
    public async Task Guarded_BalancerLosesRequestsToItsUpstream_RepeatsTheSafeAndHandsOverTheRest(string name)
    {
        Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), reason);
        Requirement.MetOrSkip(RealServer.IsAvailable(name, out reason), reason);
        Requirement.MetOrSkip(RealServer.IsAvailable("go", out reason), reason);
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using RealServer upstream = await RealServer.StartAsync("go", s_upstreamIdle, link);
        await using RealServer balancer = await RealServer.StartAsync(name, TimeSpan.FromMinutes(1), upstream: upstream.Address);
        var plainPost = new Side(guarded: false, RequestKind.PostWithBody);
        Side[] safe = [new(guarded: true, RequestKind.Get), new(guarded: true, s_put)];
        var post = new Side(guarded: true, RequestKind.PostWithBody);
        Side[] all = [plainPost, .. safe, post];

        for (int burst = 0; burst < Bursts && (burst < FewestBursts || plainPost.Lost.Count == 0 || post.Lost.Count == 0); burst++)
        {
            BurstSender[] senders = [.. all.SelectMany(side => side.NewSenders(Clients))];
            BurstOutcome[] outcomes = await Burst.RunAsync(senders, balancer.Address, AimWindow.Around(s_upstreamIdle, 2 * s_delay), new Random(burst));
            foreach ((BurstOutcome[] part, Side side) in outcomes.Chunk(Clients).Zip(all))
            {
                side.Outcomes.AddRange(part);
            }

            foreach (BurstSender sender in senders)
            {
                sender.Client.Dispose();
            }
        }

        ExecutionLog executions = await upstream.ReadExecutionsAsync();
        foreach (Side side in all)
        {
            output.WriteLine($"{side}: {side.Lost.Count} of {side.Outcomes.Count} lost: {string.Join(", ", side.Lost.CountBy(lost => lost.Failure is { } failure ? Racing.FailureKind.Of(failure) : $"HTTP {lost.Status}"))}");
        }

        plainPost.Lost.ShouldNotBeEmpty("without a race nothing is shown");
        safe.ShouldAllBe(side => side.Lost.Count == 0);
        post.Lost.ShouldNotBeEmpty("without a race nothing is shown");
        post.Lost.ShouldAllBe(lost => lost.Status == 502 || IsUnknown(lost.Failure));
        executions.CountExecutedTwice(post.Outcomes.Select(outcome => outcome.RequestId)).ShouldBe(0);
    }

    // A burst of 502s out of nothing is more than the budget of an origin with so little traffic has.
    private static readonly StaleConnGuardOptions s_options = new() { Retry = { Budget = { MinRetriesPerSecond = 1000 } } };

    private static bool IsUnknown(Exception? failure) => failure is StaleConnectionException { Delivery: Delivery.Unknown };

    /// <summary>Clients of one kind that send requests of one kind.</summary>
    private sealed class Side(bool guarded, RequestKind kind)
    {
        public List<BurstOutcome> Outcomes { get; } = [];

        public IReadOnlyList<BurstOutcome> Lost => [.. Outcomes.Where(outcome => outcome.Status != 200)];

        public IEnumerable<BurstSender> NewSenders(int count) => Enumerable.Range(0, count).Select(_ => new BurstSender(
            guarded ? new HttpClient(StaleConnGuardHandler.Create(s_options, new SocketsHttpHandler(), new KeepAliveLedger(), listener: GuardEvents.None)) : new HttpClient(),
            kind));

        public override string ToString() => $"{(guarded ? "guarded" : "plain")} {kind.Name}";
    }
}

using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Pipeline;

/// <summary>Four hundred clients of one origin in virtual time, each with a handler of its own, all sharing the origin's budget.</summary>
public class OutageSimulationTests
{
    private const int Clients = 400;
    private static readonly TimeSpan Outage = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Budget_TotalOutageFromTheStart_LoadStaysBelowRatioPlusMinimum()
    {
        var world = new World { IsDown = true };
        await world.RunAsync(Outage);
        double limit = (1.2 * world.Offered) + (10 * Outage.TotalSeconds);
        ((double)world.Sent).ShouldBeLessThanOrEqualTo(limit + 10);
        // The budget is a limit, not a ban: under full demand nearly all of it is used.
        ((double)world.Sent).ShouldBeGreaterThan(1.19 * world.Offered);
        world.Offered.ShouldBeGreaterThan(100_000);
    }

    [Fact]
    public async Task Budget_OutageAfterAHealthyTime_AddsOneSecondsReserveAtMost()
    {
        var world = new World();
        await world.RunAsync(TimeSpan.FromMinutes(2));
        world.Sent.ShouldBe(world.Offered);
        double perSecond = world.Offered / 120.0;

        world.Reset();
        world.IsDown = true;
        await world.RunAsync(Outage);
        // Requests and retries that were in the air when the counters were reset are at most a second's, too.
        double limit = (1.2 * world.Offered) + (10 * Outage.TotalSeconds) + (0.2 * perSecond) + 10;
        ((double)world.Sent).ShouldBeLessThanOrEqualTo(limit);
    }

    [Fact]
    public async Task Budget_AfterTheOutage_RetriesHealAgain()
    {
        var world = new World { IsDown = true };
        await world.RunAsync(TimeSpan.FromMinutes(2));
        world.IsDown = false;
        world.FailEvery = 20;
        await world.RunAsync(TimeSpan.FromSeconds(15));

        world.Reset();
        await world.RunAsync(TimeSpan.FromMinutes(2));
        world.Failed.ShouldBeLessThan((int)(0.001 * world.Offered));
        world.Sent.ShouldBeGreaterThan((int)(1.04 * world.Offered));
    }

    private sealed class World
    {
        private readonly TestClock _clock = new();
        private readonly Random _random = new(42);
        private readonly Client[] _clients;
        private int _answers;

        public World()
        {
            var budgets = new RetryBudgetRegistry(_clock);
            _clients = [.. Enumerable.Range(0, Clients).Select(i => new Client(this, budgets, i))];
        }

        public bool IsDown { get; set; }

        /// <summary>While up, every so many answers are a 503.</summary>
        public int FailEvery { get; set; } = int.MaxValue;

        public int Offered { get; private set; }

        public int Sent { get; private set; }

        public int Failed { get; private set; }

        public void Reset() => (Offered, Sent, Failed) = (0, 0, 0);

        public async Task RunAsync(TimeSpan duration)
        {
            using var stop = new CancellationTokenSource();
            Task[] running = [.. _clients.Select(c => c.RunAsync(stop.Token))];
            for (TimeSpan end = _clock.Elapsed + duration; _clock.Elapsed < end;)
            {
                // In steps: what sets a timer while the clock moves counts from where the clock goes to.
                _clock.Advance(TimeSpan.FromMilliseconds(10));
            }

            await stop.CancelAsync();
            await Task.WhenAll(running);
        }

        private HttpResponseMessage Answer()
        {
            Sent++;
            return new HttpResponseMessage(IsDown || ++_answers % FailEvery == 0 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK);
        }

        private sealed class Client(World world, RetryBudgetRegistry budgets, int seed)
        {
            private readonly HttpMessageInvoker _invoker = new(new RetryHandler(
                new RetryOptions(), new ReplayOptions(), new RetryServices { Budgets = budgets, Random = new Random(seed) })
            {
                InnerHandler = new StubHandler((_, _) => world.Answer(), keepSeen: false),
            });

            /// <summary>A request about every two seconds, as long as the last one is not still being retried.</summary>
            public async Task RunAsync(CancellationToken stop)
            {
                try
                {
                    while (true)
                    {
                        await Task.Delay(TimeSpan.FromSeconds(world._random.NextDouble() * 4), world._clock, stop);
                        world.Offered++;
                        using HttpResponseMessage response = await _invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://orders.test/"), stop);
                        world.Failed += response.IsSuccessStatusCode ? 0 : 1;
                    }
                }
                catch (OperationCanceledException)
                {
                    // The run is over.
                }
            }
        }
    }
}

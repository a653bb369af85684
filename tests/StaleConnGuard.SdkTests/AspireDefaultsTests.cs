using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;
using StaleConnGuard.Testing.Resilience;

namespace StaleConnGuard.SdkTests;

/// <summary>A web application with Aspire's defaults, on its own and with the guard: how often one request is sent and executed.</summary>
public class AspireDefaultsTests
{
    [Theory]
    [InlineData("GET", ServerBehaviour.Answers503, 4)]
    [InlineData("GET", ServerBehaviour.RefusesConnections, 4)]
    [InlineData("GET", ServerBehaviour.ExecutesAndResets, 4)]
    [InlineData("POST", ServerBehaviour.Answers503, 4)]
    [InlineData("POST", ServerBehaviour.RefusesConnections, 4)]
    public async Task Guard_BesideTheStandardHandler_OneRetryLayer(string method, ServerBehaviour behaviour, int attempts)
    {
        AttemptCount plain = await AttemptCount.OfAsync(Neighbour.Standard, Beside.Nothing, new HttpMethod(method), behaviour);
        AttemptCount guarded = await AttemptCount.OfAsync(Neighbour.Standard, Beside.Guard, new HttpMethod(method), behaviour);

        plain.Sent.ShouldBe(attempts);
        guarded.Sent.ShouldBe(attempts);
        guarded.Said.ShouldBe(["RetriesStandDown"]);
    }

    [Theory]
    [InlineData(Neighbour.Standard, Beside.Guard)]
    [InlineData(Neighbour.Standard, Beside.GuardAndPackage)]
    [InlineData(Neighbour.Hedging, Beside.Guard)]
    [InlineData(Neighbour.Hedging, Beside.GuardAndPackage)]
    public async Task Post_ExecutedByAServerThatResets_IsExecutedOnceWithTheGuard(Neighbour neighbour, Beside beside)
    {
        AttemptCount plain = await AttemptCount.OfAsync(neighbour, Beside.Nothing, HttpMethod.Post, ServerBehaviour.ExecutesAndResets);
        AttemptCount guarded = await AttemptCount.OfAsync(neighbour, beside, HttpMethod.Post, ServerBehaviour.ExecutesAndResets);

        plain.Executed.ShouldBeGreaterThan(1);
        guarded.Executed.ShouldBe(1);
        guarded.Sent.ShouldBe(1);
        guarded.Said.Count(m => m == "RepeatRefused").ShouldBe(beside is Beside.Guard ? 1 : 0);
        guarded.Outcome.ShouldBe(beside is Beside.Guard && neighbour is Neighbour.Standard ? nameof(StaleConnectionException) : nameof(HttpRequestException));
    }

    [Theory]
    [InlineData("mark")]
    [InlineData("key")]
    public async Task Post_MarkedOrKeyed_IsRepeatedByTheLayerAbove(string word)
    {
        AttemptCount guarded = await AttemptCount.OfAsync(Neighbour.Standard, Beside.GuardAndPackage, HttpMethod.Post, ServerBehaviour.ExecutesAndResets, request =>
        {
            if (word == "mark")
            {
                request.MarkSafeToRepeat();
            }
            else
            {
                request.Headers.Add("Idempotency-Key", "\"1\"");
            }
        });

        guarded.Executed.ShouldBe(4);
        guarded.Said.ShouldNotContain("RepeatRefused");
    }

    [Theory]
    [InlineData(Neighbour.Standard, "GET")]
    [InlineData(Neighbour.Standard, "POST")]
    [InlineData(Neighbour.Hedging, "GET")]
    [InlineData(Neighbour.Hedging, "POST")]
    public async Task Race_ClosedAsTaken_IsHealedBelowTheHandler(Neighbour neighbour, string method)
    {
        AttemptCount plain = await AttemptCount.OfAsync(neighbour, Beside.Nothing, new HttpMethod(method), ServerBehaviour.ClosesAsTaken);
        plain.Raced.ShouldBe(1);

        // Without the guard a POST is lost, and the handler above is what makes it good.
        plain.Sent.ShouldBe(2);
        foreach (Beside beside in new[] { Beside.Guard, Beside.GuardAndPackage })
        {
            AttemptCount guarded = await AttemptCount.OfAsync(neighbour, beside, new HttpMethod(method), ServerBehaviour.ClosesAsTaken);

            guarded.Raced.ShouldBe(1);
            guarded.Outcome.ShouldBe("200");
            guarded.Executed.ShouldBe(1);
            guarded.Sent.ShouldBe(2);
        }
    }

    [Fact]
    public async Task Post_SlowerThanTheHedgingDelay_IsExecutedOnceWithTheGuard()
    {
        (await HedgeSlowPostAsync(Beside.Nothing)).ShouldBe((2, "200"));
        (await HedgeSlowPostAsync(Beside.Guard)).ShouldBe((1, "200"));
        (await HedgeSlowPostAsync(Beside.GuardAndPackage)).ShouldBe((1, "200"));
    }

    [Fact]
    public async Task Post_CutByTheAttemptTimeout_IsExecutedOnceWithTheGuard()
    {
        (await CutAsync(Beside.Nothing)).ShouldBe(4);
        (await CutAsync(Beside.Guard)).ShouldBe(1);
        (await CutAsync(Beside.GuardAndPackage)).ShouldBe(1);
    }

    [Fact]
    public async Task Breaker_HalfOfThePostsRaced_OpensWithoutTheGuardOnly()
    {
        BreakerRun plain = await BreakerRun.OfAsync(Neighbour.Standard, Beside.Nothing, HttpMethod.Post, Ending.Close, 150, TimeSpan.FromMilliseconds(10));
        BreakerRun guarded = await BreakerRun.OfAsync(Neighbour.Standard, Beside.Guard, HttpMethod.Post, Ending.Close, 150, TimeSpan.FromMilliseconds(10));

        plain.Raced.ShouldBeGreaterThan(0);
        plain.Broken.ShouldBeGreaterThan(0);
        guarded.Raced.ShouldBeGreaterThan(0);
        guarded.Failed.ShouldBe(0);
        guarded.ExecutedTwice.ShouldBe(0);
    }

    private static async Task<(int Executed, string Outcome)> HedgeSlowPostAsync(Beside beside)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(400));
                await connection.AnswerAsync(request);
            }
        });
        await using var client = new NeighbourClient(Neighbour.Hedging, beside, services => services.ConfigureAll<Microsoft.Extensions.Http.Resilience.HttpStandardHedgingResilienceOptions>(
            o => o.Hedging.Delay = TimeSpan.FromMilliseconds(50)));
        using HttpResponseMessage response = await client.Http.PostAsync(server.Uri, new StringContent("order"));
        await Task.Delay(TimeSpan.FromMilliseconds(600));
        return (server.TotalExecutions, $"{(int)response.StatusCode}");
    }

    private static async Task<int> CutAsync(Beside beside)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            if (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                connection.Execute(request);
                await connection.ReadRequestAsync();
            }
        });
        await using var client = new NeighbourClient(Neighbour.Standard, beside, services => services.ConfigureAll<Microsoft.Extensions.Http.Resilience.HttpStandardResilienceOptions>(
            o => o.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(300)));
        await Should.ThrowAsync<Exception>(() => client.Http.PostAsync(server.Uri, new StringContent("order")));
        return server.TotalExecutions;
    }
}

using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

/// <summary>
/// A day of every server model in virtual time. The fast traffic is left to the table in the documentation, which is made by a
/// command of its own; here is what must hold for every commit.
/// </summary>
public class LearningSimulationTests
{
    private const double Hours = 24;

    // Until there was evidence, every client pays a few connections more; a day has too few of them for a percentage.
    private const long ConnectionsToLearn = 12;

    private static readonly string[] s_mixed = ["1 in 10 s", "1 a second", "one by one, pauses of 0 to 12 s"];

    public static TheoryData<string, string> Runs
    {
        get
        {
            var runs = new TheoryData<string, string>();
            foreach (ServerModel server in ServerModels.All.Where(server => !server.Silent))
            {
                foreach (Traffic traffic in Traffic.All.Where(traffic => !traffic.Name.StartsWith("100", StringComparison.Ordinal) && !traffic.Name.StartsWith("10 a", StringComparison.Ordinal)))
                {
                    runs.Add(server.Name, traffic.Name);
                }
            }

            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Guard_ADayOfTraffic_AtMostOneStaleHitUntilLearnedAndNoneAfterwards(string server, string traffic)
    {
        SimulationResult run = Run(server, traffic, SimulatedClient.Guard);

        // Nor where the margin was measured: every model is a server against which it is, or must not be.
        run.StaleUntilLearned.ShouldBeLessThanOrEqualTo(1);
        run.StaleAfterwards.ShouldBe(0);
        run.NeverFollowed.ShouldBeFalse();
        run.LongestWrong.ShouldBeLessThan(15 * 60);

        ServerModel model = run.Server;
        // An answer on its way makes a connection younger here than it is there: nobody who learns from the closes can use it as long.
        if (model.Advertises is null && model.Restarts.Count == 0 && model.LargeAnswers == 0)
        {
            SimulationResult oracle = Run(server, traffic, SimulatedClient.OracleWithMargin);
            run.Opened.ShouldBeLessThanOrEqualTo((long)(oracle.Opened * 1.05) + ConnectionsToLearn);
        }
    }

    [Theory]
    [InlineData("the same at 5 s", 1.05)]
    [InlineData("5 s, 20 to 50 ms of round trip", 1.05)]
    [InlineData("5 s, 200 ms of round trip", 1.15)]
    [InlineData("Puma at 2 s: 2.20 to 2.21 s", 1.15)]
    public void Guard_ServerClosesToTheInstant_OpensHardlyMoreThanWhoTakesThemToTheLastMoment(string server, double allowed)
    {
        foreach (string traffic in s_mixed)
        {
            SimulationResult guard = Run(server, traffic, SimulatedClient.Guard);
            SimulationResult oracle = Run(server, traffic, SimulatedClient.Oracle);
            guard.Opened.ShouldBeLessThanOrEqualTo((long)(oracle.Opened * allowed) + ConnectionsToLearn, traffic);
        }
    }

    [Theory]
    [InlineData("gunicorn at 2 s: 2.0 to 2.75 s")]
    [InlineData("uWSGI at 2 s: 1.0 to 2.9 s")]
    [InlineData("Kestrel at 2 s: 3.0 to 4.0 s, on a heartbeat of 1 s")]
    [InlineData("balancer with 5 s and 5.5 s behind it")]
    public void Guard_ServerClosesUnevenly_KeepsTheWholeMargin(string server)
    {
        foreach (string traffic in s_mixed)
        {
            SimulationResult guard = Run(server, traffic, SimulatedClient.Guard);
            SimulationResult oracle = Run(server, traffic, SimulatedClient.OracleWithMargin);
            guard.Opened.ShouldBeGreaterThanOrEqualTo((long)(oracle.Opened * 0.99), traffic);
        }
    }

    [Theory]
    [InlineData("the same at 5 s")]
    [InlineData("5 s, 200 ms of round trip")]
    [InlineData("5 s, 200 to 300 ms of round trip")]
    [InlineData("5 s, one answer in twenty half a second on its way")]
    public void Guard_WithoutAMargin_MeetsTheRace(string server) =>
        Run(server, "one by one, pauses of 0 to 12 s", SimulatedClient.GuardWithoutMargin).StaleAfterwards.ShouldBeGreaterThan(0);

    [Fact]
    public void Restarts_StormsOfThem_CostFewConnections()
    {
        foreach (ServerModel server in ServerModels.All.Where(server => server.Restarts.Count > 0))
        {
            SimulationResult guard = Run(server.Name, "1 a second", SimulatedClient.Guard);
            SimulationResult oracle = Run(server.Name, "1 a second", SimulatedClient.OracleWithMargin);
            guard.Opened.ShouldBeLessThanOrEqualTo((long)(oracle.Opened * 1.05) + ConnectionsToLearn, server.Name);
        }
    }

    [Fact]
    public void Plain_TheSameTraffic_MeetsTheRace()
    {
        // Were the models too tame for a race, the guard's zeros would mean nothing.
        SimulationResult plain = Run(ServerModels.All[0].Name, "1 a second", SimulatedClient.Plain);
        (plain.StaleUntilLearned + plain.StaleAfterwards).ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Run_SameSeed_SameResult() =>
        Run("the same at 5 s", "1 a second", SimulatedClient.Guard).ShouldBe(Run("the same at 5 s", "1 a second", SimulatedClient.Guard));

    private static SimulationResult Run(string server, string traffic, SimulatedClient client) =>
        ClientSimulation.Run(ServerModels.All.Single(model => model.Name == server), Traffic.All.Single(kind => kind.Name == traffic), Hours, seed: 1, client);
}

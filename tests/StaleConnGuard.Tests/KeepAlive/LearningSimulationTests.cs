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
        run.StaleUntilLearned.ShouldBeLessThanOrEqualTo(1);
        run.StaleAfterwards.ShouldBe(0);
        run.NeverFollowed.ShouldBeFalse();
        run.LongestWrong.ShouldBeLessThan(15 * 60);

        ServerModel model = run.Server;
        if (model.Advertises is null && model.Restarts.Count == 0)
        {
            SimulationResult oracle = Run(server, traffic, SimulatedClient.Oracle);
            run.Opened.ShouldBeLessThanOrEqualTo((long)(oracle.Opened * 1.05) + ConnectionsToLearn);
        }
    }

    [Fact]
    public void Restarts_StormsOfThem_CostFewConnections()
    {
        foreach (ServerModel server in ServerModels.All.Where(server => server.Restarts.Count > 0))
        {
            SimulationResult guard = Run(server.Name, "1 a second", SimulatedClient.Guard);
            SimulationResult oracle = Run(server.Name, "1 a second", SimulatedClient.Oracle);
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


namespace StaleConnGuard.Tests.Architecture;

public sealed class RoomTests(ITestOutputHelper output)
{
    /// <summary>A room uses only rooms before it. Protocols do not know each other, but for tunnels, which any of them may run through.</summary>
    private static readonly string[] s_rooms =
    [
        "Origins", "Decisions", "Kernel", "Evidence", "ServerTimeouts", "Exchanges", "Liveness",
        "Protocols/Tunnels", "Protocols/Http1", "Protocols/Http2", "Pipeline", "Telemetry", "Hosting",
    ];

    [Fact]
    public void Rooms_LookOnlyDown()
    {
        RoomGraph graph = RoomGraph.OfTheLibrary();
        output.WriteLine(graph.Draw(s_rooms));

        string[] upward = [.. graph.References.Where(IsUpward).Select(static reference => reference.ToString()).Order(StringComparer.Ordinal)];

        upward.ShouldBeEmpty("A room may use only rooms before it: " + string.Join(", ", s_rooms));
    }

    [Fact]
    public void EverySourceFile_IsInARoom()
    {
        RoomGraph.OfTheLibrary().References.SelectMany(static reference => new[] { reference.From, reference.To }).Distinct().ShouldBeSubsetOf(s_rooms);
    }

    private static bool IsUpward(RoomGraph.Reference reference) =>
        reference.To.StartsWith("Protocols/", StringComparison.Ordinal) && reference.From.StartsWith("Protocols/", StringComparison.Ordinal)
            ? reference.To != "Protocols/Tunnels"
            : s_rooms.IndexOf(reference.To) > s_rooms.IndexOf(reference.From);
}

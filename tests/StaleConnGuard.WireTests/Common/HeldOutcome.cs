using System.Net;

namespace StaleConnGuard.WireTests.Common;

/// <summary>What became of a request whose connection the server closed under it.</summary>
internal sealed record HeldOutcome(
    string Id, HttpStatusCode? Status, HttpRequestException? Failure, IReadOnlyList<(ConnectionEnd End, Delivery Delivery, ReplayDecision Decision)> Hits)
{
    /// <summary>Healed, because the kernel proved that nothing had arrived.</summary>
    public void ShouldBeProven(string because)
    {
        Failure.ShouldBeNull(because);
        Status.ShouldBe(HttpStatusCode.OK, because);
        Hits.ShouldBe([(ConnectionEnd.EndOfStream, Delivery.ProvenUndelivered, ReplayDecision.ReplayProvenUndelivered)], because);
    }
}

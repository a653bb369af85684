namespace StaleConnGuard.Tests.Evidence;

/// <summary>What the kernel's view after an end proves. 1,000 bytes had been written before the request, and 20 were acknowledged at the start.</summary>
public class DeliveryProofTests
{
    private const ulong AtConnect = 20;
    private const long Before = 1_000;
    private const ulong AllBefore = AtConnect + (ulong)Before;

    private static readonly (DeliveryFinding Expected, DeliveryFacts Facts)[] s_rows =
    [
        // A FIN is here.
        (DeliveryFinding.NothingAcknowledged, After(TcpSnapshot.CloseWait, AllBefore)),
        (DeliveryFinding.NothingAcknowledged, After(TcpSnapshot.CloseWait, AllBefore - 1)),
        (DeliveryFinding.NothingAcknowledged, After(TcpSnapshot.CloseWait, AllBefore) with { IsWriting = true, EofMayBeSpurious = true }),
        (DeliveryFinding.NothingAcknowledged, After(TcpSnapshot.CloseWait, AtConnect) with { Mark = new SendMark(0, AtConnect) }),
        (DeliveryFinding.NoProof, After(TcpSnapshot.CloseWait, AllBefore + 1)),
        (DeliveryFinding.NoProof, After(TcpSnapshot.CloseWait, ulong.MaxValue)),

        // A FIN, and a reset in answer to our bytes: unless a write has taken the error, or may be taking it.
        (DeliveryFinding.NothingAcknowledged, After(TcpSnapshot.Close, AllBefore)),
        (DeliveryFinding.WriteUnderWay, After(TcpSnapshot.Close, AllBefore) with { IsWriting = true }),
        (DeliveryFinding.WriteUnderWay, After(TcpSnapshot.Close, AllBefore) with { IsWriting = true, EofMayBeSpurious = true }),
        (DeliveryFinding.NoProof, After(TcpSnapshot.Close, AllBefore) with { EofMayBeSpurious = true }),
        (DeliveryFinding.NoProof, After(TcpSnapshot.Close, AllBefore + 1)),
        (DeliveryFinding.NoProof, After(TcpSnapshot.Close, AllBefore + 1) with { IsWriting = true }),

        // No end that can be understood.
        (DeliveryFinding.NoProof, After(TcpSnapshot.Established, AllBefore)),
        (DeliveryFinding.NoProof, After(state: 2, AllBefore)),
        (DeliveryFinding.NoProof, After(state: 11, AllBefore)),
        (DeliveryFinding.NoProof, After(state: 0, AllBefore)),

        // Nothing to compare with.
        (DeliveryFinding.NoProof, After(TcpSnapshot.CloseWait, AllBefore) with { Snapshot = null }),
        (DeliveryFinding.NoProof, After(TcpSnapshot.CloseWait, 0) with { Mark = new SendMark(Before, null) }),
    ];

    public static TheoryData<int> Rows() => [.. Enumerable.Range(0, s_rows.Length)];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Judge_Snapshot_ProvesOnlyWhatAFinProves(int row) => DeliveryProof.Judge(s_rows[row].Facts).ShouldBe(s_rows[row].Expected, s_rows[row].Facts.ToString());

    [Fact]
    public void Snapshots_EveryFindingIsAsserted() =>
        s_rows.Select(row => row.Expected).Distinct().Order().ShouldBe(Enum.GetValues<DeliveryFinding>());

    [Fact]
    public void Judge_EveryStateOfTcp_ProvesNothingWithoutAFin()
    {
        for (byte state = 0; state <= 13; state++)
        {
            DeliveryFinding finding = DeliveryProof.Judge(After(state, AllBefore) with { EofMayBeSpurious = true });
            finding.ShouldBe(state == TcpSnapshot.CloseWait ? DeliveryFinding.NothingAcknowledged : DeliveryFinding.NoProof, $"state {state}");
        }
    }

    [Theory]
    [InlineData(TcpSnapshot.CloseWait, false)]
    [InlineData(TcpSnapshot.Close, true)]
    [InlineData(TcpSnapshot.Established, true)]
    public void MayHideReset_EverythingButCloseWait(byte state, bool expected) =>
        DeliveryProof.MayHideReset(After(state, AllBefore).Snapshot).ShouldBe(expected);

    [Fact]
    public void MayHideReset_NoSnapshot_CannotBeTold() => DeliveryProof.MayHideReset(null).ShouldBeFalse();

    private static DeliveryFacts After(byte state, ulong acknowledged) => new()
    {
        Snapshot = new TcpSnapshot(state, 0, 0, 0, TimeSpan.Zero, 0, TimeSpan.Zero, TimeSpan.Zero, 0, acknowledged),
        Mark = new SendMark(Before, AtConnect),
        IsWriting = false,
        EofMayBeSpurious = false,
    };
}

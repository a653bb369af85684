using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Silence;

public class SilentDropTests
{
    private static readonly TimeSpan s_unacknowledged = TimeSpan.FromSeconds(2);

    // Far above what a loaded machine needs, far below the hundred seconds that a plain client hangs.
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(SilenceKind.BothWays, false)]
    [InlineData(SilenceKind.ToServer, false)]
    [InlineData(SilenceKind.ToClient, false)]
    [InlineData(SilenceKind.AllButAcks, false)]
    [InlineData(SilenceKind.BothWays, true)]
    public async Task Get_OnForgottenConnection_IsReplayedWherePlainClientHangs(SilenceKind kind, bool tls)
    {
        Requirement.MetOrSkip(SilentPath.IsAvailable(out string reason), reason);
        await using SilentPath path = await SilentPath.CreateAsync(tls: tls);
        using HttpClient plain = SilenceRun.Client(guarded: false, patience: TimeSpan.FromSeconds(4));
        using HttpClient guarded = SilenceRun.Client(guarded: true, patience: TimeSpan.FromSeconds(100));
        Task<SilenceOutcome> hanging = SilenceRun.ForgetAndSendAsync(path, plain, kind, "GET");
        (await hanging).Failure.ShouldBeAssignableTo<OperationCanceledException>();

        SilenceOutcome outcome = await SilenceRun.ForgetAndSendAsync(path, guarded, kind, "GET");
        TestContext.Current.SendDiagnosticMessage("{0} {1}: {2}", kind, tls, outcome.Elapsed);
        outcome.Failure.ShouldBeNull();
        outcome.Elapsed.ShouldBeLessThan(s_soon);
    }
}

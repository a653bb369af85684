namespace StaleConnGuard.Tests.Exchanges;

/// <summary>The one send that a request which is not safe to repeat may have out.</summary>
public class UnansweredSendTests
{
    private static readonly HttpRequestException s_failure = new("lost");

    [Fact]
    public void TryBegin_WhileAnotherIsUnderWay_IsRefused()
    {
        var send = new UnansweredSend();
        send.TryBegin(out _).ShouldBeTrue();
        send.TryBegin(out _).ShouldBeFalse();
        send.HasEndedUnsent.ShouldBeFalse();
        send.MayHaveArrived.ShouldBeFalse();
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void End_AnsweredOrProvenUnsent_TheNextMayGo(bool answered, int answers)
    {
        var send = new UnansweredSend();
        send.TryBegin(out int ticket);
        send.End(ticket, answered);
        send.Answers.ShouldBe(answers);
        send.HasEndedUnsent.ShouldBe(!answered);
        send.TryBegin(out _).ShouldBeTrue();
        send.HasEndedUnsent.ShouldBeFalse("the next one is under way");
    }

    [Fact]
    public void EndLost_IsFinal()
    {
        var send = new UnansweredSend();
        send.TryBegin(out int ticket);
        send.EndLost(s_failure);
        send.End(ticket, answered: false);
        send.MayHaveArrived.ShouldBeTrue();
        send.Failure.ShouldBe(s_failure);
        send.HasEndedUnsent.ShouldBeFalse();
        send.TryBegin(out _).ShouldBeFalse();
    }

    /// <summary>A send that nobody began here: the guard learned of it by its failure.</summary>
    [Fact]
    public void EndLost_OfASendThatWasNotBegun_NothingMayGoAnyMore()
    {
        var send = new UnansweredSend();
        send.EndLost(s_failure);
        send.TryBegin(out _).ShouldBeFalse();
    }

    /// <summary>A copy that was refused has a ticket of its own; giving it back must not let a third one go beside the first.</summary>
    [Fact]
    public void End_WithTheTicketOfACopyThatWasRefused_LeavesTheFirstUnderWay()
    {
        var send = new UnansweredSend();
        send.TryBegin(out int first);
        send.TryBegin(out int refused).ShouldBeFalse();
        send.End(refused, answered: false);
        send.TryBegin(out _).ShouldBeFalse();
        send.End(first, answered: true);
        send.TryBegin(out _).ShouldBeTrue();
    }

    [Fact]
    public async Task WhenEnded_UnderWay_CompletesAtItsEnd()
    {
        foreach (bool lost in new[] { true, false })
        {
            var send = new UnansweredSend();
            send.TryBegin(out int ticket);
            Task one = send.WhenEndedAsync(CancellationToken.None);
            Task other = send.WhenEndedAsync(CancellationToken.None);
            one.IsCompleted.ShouldBeFalse();
            if (lost)
            {
                send.EndLost(s_failure);
            }
            else
            {
                send.End(ticket, answered: false);
            }

            await one;
            await other;
        }
    }

    [Fact]
    public async Task WhenEnded_NothingUnderWay_IsCompleted()
    {
        var send = new UnansweredSend();
        await send.WhenEndedAsync(CancellationToken.None);
        send.EndLost(s_failure);
        await send.WhenEndedAsync(CancellationToken.None);
    }

    [Fact]
    public async Task WhenEnded_Cancelled_StopsWaiting()
    {
        var send = new UnansweredSend();
        send.TryBegin(out _);
        using var cancelled = new CancellationTokenSource();
        Task waiting = send.WhenEndedAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting);
    }

    /// <summary>What a send without the guard does is not known, so its silence is no proof.</summary>
    [Fact]
    public void Unwatch_AfterOneThatEndedUnsent_IsProofNoLonger()
    {
        var send = new UnansweredSend();
        send.TryBegin(out int ticket);
        send.End(ticket, answered: false);
        send.Unwatch();
        send.HasEndedUnsent.ShouldBeFalse();
    }

    [Fact]
    public void ShouldTell_IsTrueOnce()
    {
        var send = new UnansweredSend();
        send.ShouldTell().ShouldBeTrue();
        send.ShouldTell().ShouldBeFalse();
    }

    [Fact]
    public void Attached_IsFoundByTheMessageAndByItsCopies()
    {
        using var request = new HttpRequestMessage();
        UnansweredSend.Find(request).ShouldBeNull();
        UnansweredSend send = UnansweredSend.GetOrAttach(request);
        UnansweredSend.GetOrAttach(request).ShouldBeSameAs(send);
        using var copy = new HttpRequestMessage();
        send.AttachTo(copy);
        UnansweredSend.Find(copy).ShouldBeSameAs(send);
    }

    /// <summary>Hedging sends copies side by side: one at a time has it, whoever is fastest.</summary>
    [Fact]
    public async Task TryBegin_FromManyThreads_OneAtATime()
    {
        var send = new UnansweredSend();
        int under = 0;
        int most = 0;
        int begun = 0;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                if (!send.TryBegin(out int ticket))
                {
                    continue;
                }

                int now = Interlocked.Increment(ref under);
                most = Math.Max(Volatile.Read(ref most), now);
                Interlocked.Increment(ref begun);
                Interlocked.Decrement(ref under);
                send.End(ticket, answered: true);
            }
        })));
        most.ShouldBe(1);
        send.Answers.ShouldBe(begun);
    }
}

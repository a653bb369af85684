using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Liveness;

public class LivenessWatchTests
{
    private static readonly long s_slow = TimeSpan.FromSeconds(1).Ticks;

    private readonly TestClock _clock = new();
    private readonly LivenessWatch _watch;

    public LivenessWatchTests() => _watch = LivenessWatch.For(new TransportOptions(), _clock)!;

    [Fact]
    public void For_NothingToWatchFor_IsNoWatch() =>
        LivenessWatch.For(new TransportOptions { UnacknowledgedDataTimeout = Timeout.InfiniteTimeSpan, EarlySuspicion = false }, _clock).ShouldBeNull();

    [Fact]
    public void Timer_NothingWritten_StandsStill()
    {
        _watch.Add(new Connection());
        _clock.NextDue.ShouldBeNull();
    }

    [Fact]
    public void Add_ConnectionThatTheApplicationForgot_IsCollectedAndTheOthersAreLookedAt()
    {
        var first = new Connection { Next = s_slow };
        var last = new Connection { Next = s_slow };
        _watch.Add(first);
        WeakReference[] forgotten = [Forget(), Forget()];
        _watch.Add(last);
        GC.Collect();
        GC.WaitForPendingFinalizers();

        forgotten.ShouldAllBe(connection => !connection.IsAlive);
        _watch.Wake();
        _clock.Advance(TimeSpan.FromSeconds(1));
        (first.Looks, last.Looks).ShouldBe((1, 1));

        _watch.Remove(first);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _watch.Remove(last);
        _clock.Advance(TimeSpan.FromSeconds(1));
        (first.Looks, last.Looks).ShouldBe((1, 2));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        WeakReference Forget()
        {
            var connection = new Connection();
            _watch.Add(connection);
            return new WeakReference(connection);
        }
    }

    [Fact]
    public void Wake_ManyTimes_SetsTheTimerOnce()
    {
        var connection = new Connection { Next = s_slow };
        _watch.Add(connection);
        for (int i = 0; i < 10; i++)
        {
            _watch.Wake();
            _clock.Advance(TimeSpan.FromMilliseconds(50));
        }

        _clock.NextDue.ShouldBe(TimeSpan.FromMilliseconds(500));
        _clock.Advance(TimeSpan.FromMilliseconds(500));
        connection.Looks.ShouldBe(1);
    }

    [Fact]
    public void Tick_NothingOutstanding_LooksOnceMoreAndStandsStill()
    {
        var connection = new Connection { Next = LivenessWatch.Never };
        _watch.Add(connection);
        _watch.Wake();
        _clock.Advance(TimeSpan.FromSeconds(1));
        connection.Looks.ShouldBe(2);
        _clock.NextDue.ShouldBeNull();

        _watch.Wake();
        _clock.NextDue.ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Tick_WriteDuringTheLook_IsNotLost()
    {
        var connection = new Connection { Next = LivenessWatch.Never };
        connection.WhileLooking = () => _watch.Wake();
        _watch.Add(connection);
        _watch.Wake();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _clock.NextDue.ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Tick_SeveralConnections_ComesBackForTheMostUrgent()
    {
        _watch.Add(new Connection { Next = s_slow });
        _watch.Add(new Connection { Next = TimeSpan.FromMilliseconds(120).Ticks });
        _watch.Add(new Connection { Next = LivenessWatch.Never });
        _watch.Wake();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _clock.NextDue.ShouldBe(TimeSpan.FromMilliseconds(120));
    }

    [Fact]
    public void Hurry_WhileTheTimerIsSetForLater_BringsItForward()
    {
        var connection = new Connection { Next = s_slow };
        _watch.Add(connection);
        _watch.Wake();
        _watch.Hurry();
        _clock.NextDue.ShouldBe(TimeSpan.FromMilliseconds(50));
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        connection.Looks.ShouldBe(1);
    }

    [Fact]
    public void Hurry_DuringALook_IsNotPutOff()
    {
        var connection = new Connection { Next = s_slow };
        connection.WhileLooking = () => _watch.Hurry();
        _watch.Add(connection);
        _watch.Wake();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _clock.NextDue.ShouldBe(TimeSpan.FromMilliseconds(50));
    }

    [Fact]
    public void Tick_WhileAnotherLooks_ComesAgainAndNeverTwoAtOnce()
    {
        var connection = new Connection { Next = LivenessWatch.Never };
        bool once = true;
        connection.WhileLooking = () =>
        {
            if (once)
            {
                once = false;
                _watch.Hurry();
                _clock.AdvanceDuringCallback(TimeSpan.FromMilliseconds(50));
            }
        };
        _watch.Add(connection);
        _watch.Wake();
        _clock.Advance(TimeSpan.FromSeconds(1));
        connection.LookedTwiceAtOnce.ShouldBeFalse();
        _clock.NextDue.ShouldNotBeNull();
    }

    [Theory]
    [InlineData(40)]
    [InlineData(256)]
    [InlineData(1_000)]
    public void Remove_AnyOrder_LooksAtThoseThatAreLeft(int count)
    {
        Connection[] all = [.. Enumerable.Range(0, count).Select(_ => new Connection { Next = s_slow })];
        Array.ForEach(all, _watch.Add);
        var random = new Random(7);
        Connection[] gone = [.. all.Where(_ => random.Next(2) == 0)];
        Array.ForEach(gone, _watch.Remove);
        Array.ForEach(gone, _watch.Remove);
        _watch.Wake();
        _clock.Advance(TimeSpan.FromSeconds(1));
        all.ShouldAllBe(c => c.Looks == (gone.Contains(c) ? 0 : 1));
    }

    [Fact]
    public void Remove_WhileAllAreLookedAt_MissesNoneThatIsLeft()
    {
        Connection[] all = [.. Enumerable.Range(0, 1_000).Select(_ => new Connection { Next = s_slow })];
        var random = new Random(11);
        var gone = new HashSet<Connection>();
        foreach (Connection connection in all)
        {
            connection.WhileLooking = () =>
            {
                Connection other = all[random.Next(all.Length)];
                gone.Add(other);
                _watch.Remove(other);
            };
        }

        Array.ForEach(all, _watch.Add);
        _watch.Wake();
        _clock.Advance(TimeSpan.FromSeconds(1));
        gone.Count.ShouldBeInRange(300, 900);
        all.ShouldAllBe(c => c.Looks >= 1 || gone.Contains(c));
    }

    [Fact]
    public void Wake_OnlyEarlySuspicion_LeavesTheTimerAlone()
    {
        LivenessWatch watch = LivenessWatch.For(new TransportOptions { UnacknowledgedDataTimeout = Timeout.InfiniteTimeSpan }, _clock)!;
        watch.Wake();
        _clock.NextDue.ShouldBeNull();
        watch.Hurry();
        _clock.NextDue.ShouldBe(TimeSpan.FromMilliseconds(50));
    }

    private sealed class Connection : IWatchedConnection
    {
        private bool _looking;

        public int Place { get; set; } = -1;

        public long Next { get; set; }

        public int Looks { get; private set; }

        public bool LookedTwiceAtOnce { get; private set; }

        public Action? WhileLooking { get; set; }

        public long Look(long now)
        {
            LookedTwiceAtOnce |= _looking;
            _looking = true;
            Looks++;
            WhileLooking?.Invoke();
            _looking = false;
            return Next;
        }
    }
}

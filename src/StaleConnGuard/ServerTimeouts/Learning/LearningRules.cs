namespace StaleConnGuard.ServerTimeouts;

/// <summary>The numbers by which a server timeout is learned. In <see cref="TimeSpan"/> ticks where they are times.</summary>
internal static class LearningRules
{
    /// <summary>Not known.</summary>
    public const long None = long.MaxValue;

    /// <summary>
    /// Closes younger than this never teach: no server is configured so, but a restart under load closes busy connections at just such
    /// ages, and a timeout of some milliseconds learned from it would end all reuse.
    /// </summary>
    public const long Floor = 500 * TimeSpan.TicksPerMillisecond;

    /// <summary>
    /// How long what is learned is kept against all evidence to the contrary, once it was confirmed. With the wait for the next
    /// connection that tells, a longer server timeout is followed in about ten minutes.
    /// </summary>
    public const long Patience = 8 * TimeSpan.TicksPerMinute;

    /// <summary>How long apart two closes may be and still agree, and how long it counts that connections were seen open.</summary>
    public const long Recently = 10 * TimeSpan.TicksPerMinute;

    /// <summary>The same for what a single stale hit said.</summary>
    public const long TentativePatience = TimeSpan.TicksPerMinute;

    /// <summary>So many connections must have outlived the timeout since it was last confirmed before it is given up.</summary>
    public const int ContradictionsToGiveUp = 2;

    /// <summary>
    /// So many in a row, with no confirmation between them, outvote what was not established yet. The most uneven server known
    /// confirms every eighth time.
    /// </summary>
    public const int ContradictionsToOutvote = 20;

    /// <summary>Confirmed so often, a timeout is established: only <see cref="Patience"/> ends it.</summary>
    public const int ConfirmationsToEstablish = 3;

    /// <summary>So many connections that outlived a close's age refute it, before a second close agrees with it.</summary>
    public const int OutlivedToRefute = 3;

    /// <summary>Closes this near to each other in time have one cause and count as one.</summary>
    public const long SameMoment = 100 * TimeSpan.TicksPerMillisecond;

    /// <summary>
    /// That no FIN has come proves a connection open only if the peer sends one when it closes. Balancers and NATs that forget a flow
    /// silently do so after minutes (Azure 4, AWS NLB 5.8); up to here the kernel's word is taken without having seen the peer close.
    /// </summary>
    public const long SilenceTrusted = 2 * TimeSpan.TicksPerMinute;

    private const long AgreementFloor = 250 * TimeSpan.TicksPerMillisecond;

    // Servers that close on a heartbeat (Kestrel, uWSGI, lighttpd) close connections together whose ages differ by a second.
    private const long HeartbeatSpread = 1500 * TimeSpan.TicksPerMillisecond;

    /// <summary>How far ages may lie apart and still be one timeout: 10 % or 250 ms, whichever is more.</summary>
    public static long Tolerance(long age) => Math.Max(age / 10, AgreementFloor);

    public static bool Agree(long a, long b) => Math.Abs(a - b) <= Tolerance(Math.Max(a, b));

    public static bool AtOnce(long moment, long other) => Math.Abs(moment - other) <= SameMoment;

    /// <summary>
    /// Ages so different, closed at one moment, are a restart and no timeout. Below <see cref="Floor"/> a smaller difference says so: no
    /// server times out that young, and in busy pools the closes of a restart lie near each other, so that those of the next would agree with them.
    /// </summary>
    public static bool SpreadOfRestart(long a, long b)
    {
        (long younger, long older) = a < b ? (a, b) : (b, a);
        if (younger < Floor)
        {
            return older - younger > AgreementFloor;
        }

        return older - younger > HeartbeatSpread && younger < older / 2;
    }

    /// <summary>
    /// Below a third of an age at which connections are known to be open. The most uneven server known (uWSGI, 1.0 to 2.9 s) stays
    /// inside the third.
    /// </summary>
    public static bool FarBelow(long age, long open) => age < open / 3;

    /// <summary>The idle age that may still be called open after a close at <paramref name="closedAt"/>.</summary>
    public static long SurelyOpenBelow(long closedAt) => KeepAliveLimit.Below(closedAt, KeepAliveDefaults.Margin.Ticks);
}

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// When the server was seen to restart, the last few times: closes of a restart are found one by one, some of them after the next restart of a
/// series has been found. Not thread-safe; owned by one <see cref="TimeoutLearner"/>. Times in ticks.
/// </summary>
internal sealed class RestartMoments
{
    private const int Capacity = 8;

    private readonly long[] _moments = new long[Capacity];
    private int _count;
    private int _next;

    public bool Contains(long moment) => PlaceOf(moment) >= 0;

    /// <summary>Another close of a restart. It goes on for as long as they follow each other closely.</summary>
    public void Add(long moment)
    {
        int place = PlaceOf(moment);
        if (place >= 0)
        {
            _moments[place] = moment;
            return;
        }

        _moments[_next] = moment;
        _next = (_next + 1) % Capacity;
        _count = Math.Min(_count + 1, Capacity);
    }

    private int PlaceOf(long moment)
    {
        for (int i = 0; i < _count; i++)
        {
            if (LearningRules.AtOnce(_moments[i], moment))
            {
                return i;
            }
        }

        return -1;
    }
}

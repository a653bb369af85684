namespace StaleConnGuard.Decisions;

/// <summary>A time as it was read in the configuration, with the full path of its key. What the application sets after that is not this time any more.</summary>
internal readonly record struct ReadTime(string Path, TimeSpan Value)
{
    /// <summary>The full path when <paramref name="value"/> is what was read there, or else the option's own <paramref name="name"/>.</summary>
    public static string NameOf(ReadTime? read, TimeSpan value, string name) => read is { } known && known.Value == value ? known.Path : name;
}

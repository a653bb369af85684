namespace StaleConnGuard.Decisions;

/// <summary>A value as it was read in the configuration, with the full path of its key. What the application sets after that is not this value any more.</summary>
internal readonly record struct ReadValue<T>(string Path, T Value)
    where T : struct, IEquatable<T>
{
    /// <summary>The full path when <paramref name="value"/> is what was read there, or else the option's own <paramref name="name"/>.</summary>
    public static string NameOf(ReadValue<T>? read, T value, string name) => read is { } known && known.Value.Equals(value) ? known.Path : name;
}

namespace StaleConnGuard.Diagnosis;

/// <summary>Times of captures are nanoseconds since 1970, as fine as files have them.</summary>
internal static class Nanoseconds
{
    public static TimeSpan ToTimeSpan(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    public static DateTimeOffset ToTime(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
}

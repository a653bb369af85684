namespace StaleConnGuard;

/// <summary>Reads <see cref="RetryOptions"/>.</summary>
internal static class RetryConfiguration
{
    public static void Read(SectionReader reader, RetryOptions options)
    {
        if (reader.TryBool(nameof(options.Enabled), out bool enabled))
        {
            options.Enabled = enabled;
        }

        reader.RefuseOthers();
    }
}

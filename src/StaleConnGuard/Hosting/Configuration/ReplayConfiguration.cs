namespace StaleConnGuard.Hosting;

/// <summary>Reads <see cref="ReplayOptions"/>.</summary>
internal static class ReplayConfiguration
{
    public static void Read(SectionReader reader, ReplayOptions options)
    {
        if (reader.TryInt(nameof(options.MaxReplays), ReplayRules.MinReplays, ReplayRules.MaxReplays, out int maxReplays))
        {
            options.MaxReplays = maxReplays;
        }

        if (reader.TryEnum(nameof(options.NonIdempotentReplay), out NonIdempotentReplay nonIdempotentReplay))
        {
            options.NonIdempotentReplay = nonIdempotentReplay;
        }

        if (reader.TryEnum(nameof(options.RepeatsFromAbove), out RepeatsFromAbove repeatsFromAbove))
        {
            options.RepeatsFromAbove = repeatsFromAbove;
        }

        if (reader.TryInt(nameof(options.BufferOneShotUpTo), ReplayRules.MinBufferOneShot, ReplayRules.MaxBufferOneShot, out int bufferOneShotUpTo))
        {
            options.BufferOneShotUpTo = bufferOneShotUpTo;
        }

        if (reader.TryBool(nameof(options.BufferUnknownLength), out bool bufferUnknownLength))
        {
            options.BufferUnknownLength = bufferUnknownLength;
        }

        if (reader.TryBool(nameof(options.ConfirmOneShotBody), out bool confirmOneShotBody))
        {
            options.ConfirmOneShotBody = confirmOneShotBody;
        }

        reader.RefuseOthers();
    }
}

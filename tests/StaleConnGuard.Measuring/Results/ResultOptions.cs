namespace StaleConnGuard.Measuring;

/// <summary>Where results go, and how much is measured.</summary>
/// <param name="Folder">The folder of the result files.</param>
/// <param name="IsQuick">Whether everything is shrunk to a minute or two, to see that it works.</param>
public sealed record ResultOptions(string Folder, bool IsQuick)
{
    /// <summary>Reads <c>[--quick] [--results FOLDER]</c>.</summary>
    /// <exception cref="ArgumentException">Something else is there, or a quick run would write over the real results.</exception>
    public static ResultOptions Parse(IReadOnlyList<string> args, string usualFolder)
    {
        bool isQuick = false;
        string? folder = null;
        for (int i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    isQuick = true;
                    break;
                case "--results" when i + 1 < args.Count:
                    folder = args[++i];
                    break;
                default:
                    throw new ArgumentException($"Not understood: {args[i]}. Options: [--quick] [--results FOLDER]", nameof(args));
            }
        }

        return isQuick && folder is null
            ? new ResultOptions(Path.Combine(Path.GetTempPath(), "staleconnguard-quick-results"), isQuick)
            : new ResultOptions(folder ?? usualFolder, isQuick);
    }
}

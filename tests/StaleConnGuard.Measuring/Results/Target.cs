namespace StaleConnGuard.Measuring;

/// <summary>What a measurement must reach, and what it did.</summary>
/// <param name="Text">What must be reached.</param>
/// <param name="Measured">What was measured.</param>
/// <param name="IsReached">Whether that is enough.</param>
public sealed record Target(string Text, string Measured, bool IsReached)
{
    /// <summary>Targets as a table.</summary>
    public static string Table(IEnumerable<Target> targets)
    {
        var table = new MarkdownTable(" target", " measured", " reached");
        foreach (Target target in targets)
        {
            table.Add(target.Text, target.Measured, target.IsReached ? "yes" : "**no**");
        }

        return table.ToString();
    }
}

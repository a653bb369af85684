using System.Text;

namespace StaleConnGuard.Measuring;

/// <summary>A table in Markdown. Columns are aligned right unless their name begins with a space, which is cut off.</summary>
/// <param name="columns">The names of the columns.</param>
public sealed class MarkdownTable(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row of as many cells as there are columns.</summary>
    public void Add(params string[] cells)
    {
        if (cells.Length != columns.Length)
        {
            throw new ArgumentException($"{cells.Length} cells in a table of {columns.Length} columns.", nameof(cells));
        }

        _rows.Add(cells);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        Append(text, [.. columns.Select(column => column.TrimStart())]);
        Append(text, [.. columns.Select(column => column.StartsWith(' ') ? "---" : "---:")]);
        _rows.ForEach(row => Append(text, row));
        return text.ToString().TrimEnd();
    }

    private static void Append(StringBuilder text, string[] cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}

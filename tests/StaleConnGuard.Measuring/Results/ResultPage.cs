using System.Globalization;
using System.Text;

namespace StaleConnGuard.Measuring;

/// <summary>One file of results in Markdown: what made it, when and where, and sections that documents may show.</summary>
/// <param name="name">Its file name without the ending.</param>
/// <param name="title">Its heading.</param>
/// <param name="options">Where it goes, and how much was measured.</param>
public sealed class ResultPage(string name, string title, ResultOptions options)
{
    private readonly StringBuilder _body = new();

    /// <summary>Adds text.</summary>
    public void Add(string markdown) => _body.Append(markdown.Trim('\n')).Append("\n\n");

    /// <summary>Adds text that documents may show under this name.</summary>
    public void AddSection(string section, string markdown) => Add(MarkedSections.Mark(section, markdown));

    /// <summary>Writes the page.</summary>
    public void Write()
    {
        Directory.CreateDirectory(options.Folder);
        string date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string quick = options.IsQuick ? "\n\n**A quick run: it shows that everything works, and no figure that is worth anything.**" : string.Empty;
        string head = $"# {title}\n\nMade on {date} on {MachineFacts.Describe()} by\n\n```\ndotnet run --project benchmarks/StaleConnGuard.Benchmarks -c Release -- {name}{(options.IsQuick ? " --quick" : string.Empty)}\n```{quick}\n\n";
        File.WriteAllText(Path.Combine(options.Folder, $"{name}.md"), head + _body.ToString().TrimEnd() + "\n");
        Console.WriteLine(head + _body);
    }
}

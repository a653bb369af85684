using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using StaleConnGuard.Cli;

namespace StaleConnGuard.Tests.Documents;

/// <summary>The tables of the command line's options are those of the commands.</summary>
public partial class CommandTableTests
{
    private static readonly Command[] s_commands = [new RaceCommand(), new ProbeCommand(), new ExplainCommand(), new LedgerCommand(), new ProxyCommand()];

    [Fact]
    public void Options_OfEveryCommand_StandInItsTable()
    {
        Dictionary<string, string> documented = Rows();
        string[] real = [.. s_commands.SelectMany(command => command.Options.Select(option => $"{command.Name} {option.Name}"))];

        real.Except(documented.Keys, StringComparer.Ordinal).ShouldBeEmpty("not in the tables of docs/cli.md and docs/explain.md");
        documented.Keys.Except(real, StringComparer.Ordinal).ShouldBeEmpty("in these tables, and not on the command line");
    }

    [Fact]
    public void Defaults_OfTheTables_AreThoseOfTheCommands()
    {
        Dictionary<string, string> documented = Rows();
        int compared = 0;
        foreach (Command command in s_commands)
        {
            foreach (Option option in command.Options)
            {
                string? expected = DefaultOf(option);
                string? shown = documented.GetValueOrDefault($"{command.Name} {option.Name}");
                if (expected is not null && !string.IsNullOrEmpty(shown))
                {
                    shown.Replace("`", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal)
                        .ShouldStartWith(expected.Replace(" ", "", StringComparison.Ordinal), Case.Insensitive, $"{command.Name} {option.Name}");
                    compared++;
                }
            }
        }

        compared.ShouldBeGreaterThan(15);
    }

    private static string? DefaultOf(Option option)
    {
        if (option is Option<bool>)
        {
            return "off";
        }

        if (Said().Match(option.Description ?? "") is { Success: true } said)
        {
            return said.Groups["default"].Value is "nowhere" or "none" ? null : said.Groups["default"].Value;
        }

        return option is NumberOption ? Convert.ToString(option.GetDefaultValue(), CultureInfo.InvariantCulture) : null;
    }

    /// <summary>The default cell by command and option: the command is the heading above the table.</summary>
    private static Dictionary<string, string> Rows()
    {
        var rows = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in new[] { "docs/cli.md", "docs/explain.md" })
        {
            string command = path == "docs/explain.md" ? "explain" : "";
            foreach ((int _, string line) in Document.Read(path).Lines)
            {
                if (Heading().Match(line) is { Success: true } heading)
                {
                    command = heading.Groups["command"].Value;
                }
                else if (Row().Match(line) is { Success: true } row)
                {
                    string[] cells = line.Trim('|').Split('|');
                    rows.Add($"{command} {row.Groups["option"].Value}", cells.Length > 2 ? cells[2].Trim() : "");
                }
            }
        }

        return rows;
    }

    [GeneratedRegex("^### `staleconn (?<command>[a-z]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Heading();

    [GeneratedRegex("^\\| `(?<option>--[a-z-]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Row();

    [GeneratedRegex(@"\[default: (?<default>[^,\]]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Said();
}

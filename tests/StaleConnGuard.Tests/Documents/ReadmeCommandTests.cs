using System.CommandLine;
using StaleConnGuard.Cli;
using StaleConnGuard.Testing;
using StaleConnGuard.Tests.Cli;

namespace StaleConnGuard.Tests.Documents;

/// <summary>Every command that documents show: those of the README are run, with an address of here in the place of theirs; the others are ones that the tool takes.</summary>
public sealed class ReadmeCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("staleconn-readme-").FullName;

    public static TheoryData<string> CommandsOfTheReadme() => [.. CommandsOf(Document.Read("README.md"))];

    /// <summary>A command that is new in the README fails here until something runs it.</summary>
    [Theory]
    [MemberData(nameof(CommandsOfTheReadme))]
    public async Task Command_OfTheReadme_Works(string command)
    {
        switch (command)
        {
            case "staleconn probe https://orders.example/":
                await using (var server = new ScriptedServer(connection => connection.AnswerAllAsync()))
                {
                    (await RunAsync("probe", server.Uri.ToString(), "--connections", "2", "--max-idle", "300ms")).ShouldContain("still open");
                }

                break;
            case "staleconn explain capture.pcap":
                var script = new CaptureScript();
                _ = new ScriptedExchange(script).Handshake(0).Answered(20).Request(1028).ServerFin(1030);
                string capture = Path.Combine(_folder, "capture.pcap");
                await File.WriteAllBytesAsync(capture, script.ToArray(), TestContext.Current.CancellationToken);
                (await RunAsync("explain", capture)).ShouldContain("1 request lost, 1 of them POST");
                break;
            case "dotnet run --project src/StaleConnGuard.Cli -c Release -- race":
                File.Exists(Repository.PathOf("src/StaleConnGuard.Cli/StaleConnGuard.Cli.csproj")).ShouldBeTrue();
                string picture = Path.Combine(_folder, "race.svg");
                string race = await RunAsync("race", "--relay", "--idle", "300ms", "--requests", "8", "--workers", "8", "--svg", picture);
                race.ShouldContain("guarded, timeout configured");
                (await File.ReadAllTextAsync(picture, TestContext.Current.CancellationToken)).ShouldContain(">guarded, timeout configured</text>");
                break;
            case "dotnet test":
                File.ReadAllText(Repository.PathOf(".ci/run")).ShouldContain("dotnet test");
                break;
            case "dotnet add package StaleConnGuard" or "dotnet tool install --global staleconn":
                // Needs the packages, a home of its own and what is outside: a script does it, which is run by hand.
                string package = command.Split(' ')[^1];
                string newcomer = File.ReadAllText(Repository.PathOf("tests/first-minutes"));
                newcomer.Replace("add orders package", "add package", StringComparison.Ordinal).ShouldContain($"{command} --version", Case.Sensitive, package);
                break;
            default:
                Assert.Fail($"Nothing runs '{command}'.");
                break;
        }
    }

    [Fact]
    public void Commands_OfEveryDocument_AreTaken()
    {
        int seen = 0;
        foreach (Document document in Document.All)
        {
            foreach (string command in CommandsOf(document).Concat(SpansOf(document)).Where(command => command.StartsWith("staleconn ", StringComparison.Ordinal)))
            {
                // An address or a file is a word in capitals at times.
                string[] arguments = [.. command.Split(' ')[1..].Select(word => word switch { "URL" => "http://localhost/", _ => word.Trim('\'') })];
                ParseResult parsed = CommandLine.Root().Parse(arguments);
                parsed.Errors.Select(error => error.Message).Where(message => !message.StartsWith("Required argument missing for command", StringComparison.Ordinal))
                    .ShouldBeEmpty($"{document.Path}: {command}");
                seen++;
            }
        }

        seen.ShouldBeGreaterThan(20);
    }

    [Fact]
    public void Projects_OfEveryCommand_AreThere()
    {
        (string Path, string Project)[] projects =
        [
            .. from document in Document.All
               from command in CommandsOf(document)
               let words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries)
               let option = Array.IndexOf(words, "--project")
               where words[0] == "dotnet" && option > 0
               select (document.Path, words[option + 1]),
        ];

        projects.Length.ShouldBeGreaterThan(10);
        projects.Where(command => !Directory.Exists(Repository.PathOf(command.Project))).ShouldBeEmpty();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<string> RunAsync(params string[] arguments)
    {
        (int exitCode, string output, string error) = await CommandLineRun.RunAsync(arguments);
        exitCode.ShouldBe(0, error);
        return output;
    }

    /// <summary>The lines of blocks that are no other language: a prompt, a comment behind, and output, which has none, left out.</summary>
    private static IEnumerable<string> CommandsOf(Document document) =>
        from block in document.Blocks
        where block.Language is "" or "sh" or "bash"
        let hasPrompts = block.Code.Split('\n').Any(line => line.StartsWith("$ ", StringComparison.Ordinal))
        from line in block.Code.Split('\n')
        where line.StartsWith("$ ", StringComparison.Ordinal) || (!hasPrompts && IsCommand(line))
        select WithoutComment(line.StartsWith("$ ", StringComparison.Ordinal) ? line[2..] : line);

    /// <summary>Code in the text that begins with a command. Of one that is not whole, the options are looked at.</summary>
    private static IEnumerable<string> SpansOf(Document document) =>
        from line in document.Lines
        from span in line.Text.Split('`').Where((_, index) => index % 2 == 1)
        let words = span.Split(' ')
        where words.Length > 2 && words[0] == "staleconn" && !words[^1].StartsWith('-') && !span.Contains('…', StringComparison.Ordinal) && words.All(word => word is "URL" || !IsPlaceholder(word))
        select span;

    private static bool IsPlaceholder(string word) => word.Length > 1 && word.All(c => char.IsUpper(c) || c is '-');

    private static bool IsCommand(string line) => line.StartsWith("staleconn ", StringComparison.Ordinal) || line.StartsWith("dotnet ", StringComparison.Ordinal);

    private static string WithoutComment(string line) => line.Split("  #", 2)[0].TrimEnd();
}

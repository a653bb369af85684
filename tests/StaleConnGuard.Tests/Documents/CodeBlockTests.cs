using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Documents;

/// <summary>No C# in a document that was not compiled: it is a region of a source file, or a program that is compiled here.</summary>
public partial class CodeBlockTests
{
    // What `dotnet new console` and `dotnet new web` use without saying so.
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    private const string WebUsings = """
        global using System.Net.Http.Json; global using Microsoft.AspNetCore.Builder; global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http; global using Microsoft.AspNetCore.Routing; global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection; global using Microsoft.Extensions.Hosting; global using Microsoft.Extensions.Logging;
        """;

    /// <summary>The assemblies that an empty console with the package StaleConnGuard has beside the runtime's.</summary>
    private static readonly FrozenSet<string> s_ofThePackage = FrozenSet.Create(
        StringComparer.Ordinal,
        "StaleConnGuard",
        "Polly.Core",
        "Microsoft.Extensions.Http",
        "Microsoft.Extensions.Options",
        "Microsoft.Extensions.Options.ConfigurationExtensions",
        "Microsoft.Extensions.Primitives",
        "Microsoft.Extensions.Configuration",
        "Microsoft.Extensions.Configuration.Abstractions",
        "Microsoft.Extensions.Configuration.Binder",
        "Microsoft.Extensions.DependencyInjection",
        "Microsoft.Extensions.DependencyInjection.Abstractions",
        "Microsoft.Extensions.Diagnostics",
        "Microsoft.Extensions.Diagnostics.Abstractions",
        "Microsoft.Extensions.Logging",
        "Microsoft.Extensions.Logging.Abstractions");

    private static readonly PortableExecutableReference[] s_all =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(file => MetadataReference.CreateFromFile(file))];

    [Fact]
    public void Blocks_OfCSharp_WereAllCompiled()
    {
        FrozenSet<string> regions = Regions();
        regions.Count.ShouldBeGreaterThan(20);
        foreach (Document document in Document.All)
        {
            foreach (string code in document.Blocks.Where(block => block.Language == "csharp").Select(block => block.Code))
            {
                if (!regions.Contains(Normal(code)))
                {
                    Compile(code, web: true).ShouldBeEmpty($"{document.Path}: no region of a source file, and no program either:\n{code}");
                }
            }
        }
    }

    /// <summary>The first program somebody copies has nothing but the package.</summary>
    [Theory]
    [InlineData("README.md", 1)]
    [InlineData("src/StaleConnGuard/README.md", 0)]
    public void FirstProgram_InAnEmptyConsole_Compiles(string path, int block)
    {
        string code = Document.Read(path).Blocks.Where(candidate => candidate.Language == "csharp").ElementAt(block).Code;
        Compile(code, web: false).ShouldBeEmpty(code);
    }

    [Fact]
    public void Compile_CodeThatIsWrong_FindsIt()
    {
        Compile("""WebApplication.CreateBuilder(args).Services.AddStaleConnGuard();""", web: true).ShouldBeEmpty();
        Compile("""WebApplication.CreateBuilder(args).Services.AddStaleConnGuards();""", web: true).ShouldNotBeEmpty();
        Compile("""WebApplication.CreateBuilder(args);""", web: false).ShouldNotBeEmpty("an empty console has no WebApplication");
    }

    private static string[] Compile(string code, bool web)
    {
        CSharpParseOptions language = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.CSharp14);
        string usings = web ? ImplicitUsings + WebUsings : ImplicitUsings;
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Program",
            [CSharpSyntaxTree.ParseText(code, language), CSharpSyntaxTree.ParseText(usings, language)],
            web ? s_all : s_all.Where(reference => IsOfAConsole(Path.GetFileNameWithoutExtension(reference.FilePath!))),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        return [.. compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(finding => finding.Severity == DiagnosticSeverity.Error).Select(finding => finding.ToString())];
    }

    private static bool IsOfAConsole(string assembly) =>
        s_ofThePackage.Contains(assembly) || assembly.StartsWith("System.", StringComparison.Ordinal) || assembly is "System" or "netstandard" or "mscorlib";

    private static FrozenSet<string> Regions() =>
        Directory.EnumerateFiles(Repository.PathOf("tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Repository.IsBuilt(file))
            .Select(File.ReadAllText)
            .Where(source => source.Contains("// snippet: ", StringComparison.Ordinal))
            .SelectMany(source => Region().Matches(source.ReplaceLineEndings("\n")).Select(match => Normal(match.Groups["code"].Value)))
            .ToFrozenSet(StringComparer.Ordinal);

    private static string Normal(string code)
    {
        string[] lines = code.Trim('\n').TrimEnd().Split('\n');
        int indent = lines.Where(line => line.Trim().Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length > indent ? line[indent..].TrimEnd() : ""));
    }

    [GeneratedRegex("""^ *// snippet: [\w-]+\n(?<code>.*?)^ *// end snippet$""", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Region();
}

using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Architecture;

/// <summary>
/// Which room of the library refers to which, read from its sources by the compiler: a room is a folder, so public types, which all share
/// one namespace, have theirs too. Documentation comments do not count.
/// </summary>
internal sealed class RoomGraph
{
    private readonly HashSet<Reference> _references;

    private RoomGraph(HashSet<Reference> references) => _references = references;

    /// <summary>All references from one room to another.</summary>
    public IEnumerable<Reference> References => _references;

    public static RoomGraph OfTheLibrary()
    {
        string root = Path.Combine(Repository.Root, "src", "StaleConnGuard");
        var options = new CSharpParseOptions(LanguageVersion.Latest, DocumentationMode.None);
        var trees = new List<SyntaxTree>();
        foreach (string file in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            string path = Path.GetRelativePath(root, file).Replace('\\', '/');
            if (path.StartsWith("bin/", StringComparison.Ordinal) || (path.StartsWith("obj/", StringComparison.Ordinal) && !path.EndsWith(".GlobalUsings.g.cs", StringComparison.Ordinal)))
            {
                continue;
            }

            trees.Add(CSharpSyntaxTree.ParseText(File.ReadAllText(file), options, path));
        }

        // One configuration's implicit usings are enough.
        trees = [.. trees.Where(static tree => !tree.FilePath.StartsWith("obj/", StringComparison.Ordinal)), trees.First(static tree => tree.FilePath.StartsWith("obj/", StringComparison.Ordinal))];
        var compilation = CSharpCompilation.Create("Rooms", trees, Platform(), new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        var references = new HashSet<Reference>();
        foreach (SyntaxTree tree in trees)
        {
            Read(tree, compilation, references);
        }

        return new RoomGraph(references);
    }

    /// <summary>The folder of a source file, which for a protocol is that of the protocol.</summary>
    public static string RoomOf(string path)
    {
        string[] parts = path.Split('/');
        return parts.Length > 2 && parts[0] == "Protocols" ? $"{parts[0]}/{parts[1]}" : parts.Length > 1 ? parts[0] : "";
    }

    /// <summary>A line for each room: what it uses, and how many pairs of types that is.</summary>
    public string Draw(IReadOnlyList<string> order)
    {
        IEnumerable<string> lines = order.Select(room =>
        {
            IEnumerable<string> uses = _references
                .Where(reference => reference.From == room)
                .GroupBy(static reference => reference.To)
                .OrderBy(group => order.IndexOf(group.Key))
                .Select(static group => $"{group.Key} {group.Count()}");
            string used = string.Join(", ", uses);
            return $"{room,-16} → {(used.Length == 0 ? "(none)" : used)}";
        });
        return string.Join('\n', lines);
    }

    private static IEnumerable<MetadataReference> Platform() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(static path => !Path.GetFileName(path).StartsWith("StaleConnGuard", StringComparison.Ordinal))
            .Select(static path => MetadataReference.CreateFromFile(path));

    private static void Read(SyntaxTree tree, CSharpCompilation compilation, HashSet<Reference> references)
    {
        string from = RoomOf(tree.FilePath);
        if (tree.FilePath.StartsWith("obj/", StringComparison.Ordinal))
        {
            return;
        }

        SemanticModel model = compilation.GetSemanticModel(tree);
        foreach (SimpleNameSyntax name in tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>())
        {
            SymbolInfo info = model.GetSymbolInfo(name);
            ISymbol? symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
            INamedTypeSymbol? used = symbol as INamedTypeSymbol ?? symbol?.ContainingType;
            if (used is null || !SymbolEqualityComparer.Default.Equals(used.ContainingAssembly, compilation.Assembly))
            {
                continue;
            }

            // A member of a type with parts in several rooms belongs to the room of its part.
            ISymbol declared = symbol is INamedTypeSymbol || symbol!.DeclaringSyntaxReferences.IsEmpty ? used : symbol;
            string[] rooms = [.. declared.DeclaringSyntaxReferences.Select(static reference => RoomOf(reference.SyntaxTree.FilePath))];
            while (used.ContainingType is not null)
            {
                used = used.ContainingType;
            }

            string to = rooms.Contains(from) ? from : rooms[0];
            if (to != from)
            {
                references.Add(new Reference(from, TypeAround(name), to, used.Name));
            }
        }
    }

    private static string TypeAround(SyntaxNode node) =>
        node.Ancestors().OfType<BaseTypeDeclarationSyntax>().LastOrDefault()?.Identifier.Text
        ?? node.Ancestors().OfType<DelegateDeclarationSyntax>().LastOrDefault()?.Identifier.Text
        ?? "";

    /// <summary>A type of one room uses a type of another.</summary>
    internal sealed record Reference(string From, string User, string To, string Used)
    {
        public override string ToString() => $"{From}.{User} → {To}.{Used}";
    }
}

internal static class ListExtensions
{
    public static int IndexOf(this IReadOnlyList<string> list, string item)
    {
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i] == item)
            {
                return i;
            }
        }

        return -1;
    }
}

using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>documents [--results FOLDER]</c>: copies the marked sections of the result files into the documents that show them.</summary>
internal static class Documents
{
    private static readonly string[] s_documents = ["README.md", "docs/performance.md", "docs/retries.md", "docs/reverse-proxy.md"];

    public static int Run(ResultOptions options)
    {
        var sections = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(options.Folder, "*.md").Order(StringComparer.Ordinal))
        {
            foreach ((string name, string text) in MarkedSections.Read(File.ReadAllText(file)))
            {
                sections[name] = text;
            }
        }

        // The figures of a quick run are nobody's to read: they go to a copy, which shows that the way works.
        string target = options.IsQuick ? Path.Combine(options.Folder, "documents") : Repository.Root;
        foreach (string document in s_documents)
        {
            string path = Path.Combine(target, document);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string before = File.ReadAllText(Repository.PathOf(document));
            string after = MarkedSections.Replace(before, sections);
            File.WriteAllText(path, after);
            Console.WriteLine($"{document}: {MarkedSections.Read(after).Keys.Count(sections.ContainsKey)} sections from {sections.Count}{(after == before ? ", unchanged" : string.Empty)}");
        }

        return 0;
    }
}

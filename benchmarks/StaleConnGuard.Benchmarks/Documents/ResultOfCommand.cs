using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary><c>page NAME TITLE [--quick] [--results FOLDER]</c>: makes a result file of the Markdown that the command NAME prints, read from the input.</summary>
internal static class ResultOfCommand
{
    public static int Run(string name, string title, ResultOptions options)
    {
        var page = new ResultPage(name, title, options);
        page.AddSection(name, Console.In.ReadToEnd());
        page.Write();
        return 0;
    }
}

using System.Diagnostics;
using System.Text;
using Spectre.Console;
using StaleConnGuard.Diagnosis;

namespace StaleConnGuard.Cli;

/// <summary>One run of <c>staleconn explain</c>.</summary>
internal static class ExplainRun
{
    private const double Megabyte = 1024 * 1024;

    public static async Task<int> RunAsync(ExplainArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            await using Stream stream = arguments.IsLive
                ? Console.OpenStandardInput()
                : new FileStream(arguments.Capture, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });
            Explanation explanation = await ReadAsync(stream, arguments, output, error, cancellationToken);
            await ReportAsync(explanation, arguments, output, error);
            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandLine.Interrupted;
        }
        catch (Exception exception) when (exception is NotACaptureException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"{arguments.Capture}: {exception.Message.ReplaceLineEndings(" ")}");
            return CommandLine.BadArguments;
        }
    }

    private static async Task<Explanation> ReadAsync(Stream stream, ExplainArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        Action<Finding>? onFinding = arguments.IsLive && !arguments.Json ? finding => WriteLive(finding, arguments, output) : null;
        var analysis = new CaptureAnalysis(arguments.Filter, arguments.All, onFinding);
        Task<Explanation> reading = Task.Run(() => analysis.Run(CaptureReader.Open(stream), cancellationToken), cancellationToken);
        if (!arguments.IsLive)
        {
            long all = stream.CanSeek ? stream.Length : 0;
            await Display.ShowAsync(error, live => ShowLiveAsync(analysis, reading, all, live), () => WriteLinesAsync(analysis, reading, error));
        }

        return await reading;
    }

    private static void WriteLive(Finding finding, ExplainArguments arguments, TextWriter output)
    {
        output.WriteLine(ExplainText.Line(finding, arguments.RedactPaths));
        output.Flush();
    }

    private static async Task ReportAsync(Explanation explanation, ExplainArguments arguments, TextWriter output, TextWriter error)
    {
        foreach (string warning in explanation.Warnings)
        {
            await error.WriteLineAsync($"{arguments.Capture}: {warning}");
        }

        if (arguments.Html is { } path)
        {
            string page = HtmlReport.Write(explanation, arguments.IsLive ? "standard input" : Path.GetFileName(arguments.Capture), arguments.RedactPaths);
            await File.WriteAllTextAsync(path, page, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        }

        if (arguments.Json)
        {
            await output.WriteLineAsync(ExplanationJson.Write(explanation, arguments.RedactPaths));
            return;
        }

        ExplainText.Write(explanation, arguments, output);
    }

    private static Task ShowLiveAsync(CaptureAnalysis analysis, Task reading, long all, Progress live) => live
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ElapsedTimeColumn())
        .StartAsync(async context =>
        {
            ProgressTask bar = context.AddTask("reading", maxValue: Math.Max(1, all));
            bool isDone;
            do
            {
                isDone = await Display.IsDoneWithinAsync(reading, Display.LiveInterval);
                bar.Description = $"{analysis.Bytes / Megabyte:0} MiB of {all / Megabyte:0}, {analysis.Frames} frames";
                context.Refresh();
            }
            while (!isDone);
        });

    private static async Task WriteLinesAsync(CaptureAnalysis analysis, Task reading, TextWriter error)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await Display.IsDoneWithinAsync(reading, Display.LineInterval))
        {
            await error.WriteLineAsync($"{Stopwatch.GetElapsedTime(start).TotalSeconds,4:0} s  {analysis.Bytes / Megabyte:0} MiB, {analysis.Frames} frames read");
        }
    }
}

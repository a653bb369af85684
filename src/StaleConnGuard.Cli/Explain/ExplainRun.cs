using System.Diagnostics;
using System.Text;
using Spectre.Console;
using StaleConnGuard.Diagnosis;

namespace StaleConnGuard.Cli;

/// <summary>One run of <c>staleconn explain</c>.</summary>
internal static class ExplainRun
{
    private const double Megabyte = 1024 * 1024;

    // How soon a live capture says what is decided although nothing more comes, and how long the end of the input may follow Ctrl-C: whoever writes it got that too.
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_lastFrames = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(ExplainArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        try
        {
            // Before a minute of reading, not after it.
            await using Stream? page = arguments.Html is { } path ? new FileStream(path, FileMode.Create, FileAccess.Write) : null;
            await using Stream stream = arguments.IsLive
                ? Console.OpenStandardInput()
                : new FileStream(arguments.Capture, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });
            Explanation explanation = await ReadAsync(stream, arguments, output, error, cancellationToken);
            await ReportAsync(explanation, arguments, page, output, error);
            return CommandLine.Done;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return CommandLine.Interrupted;
        }
        catch (Exception exception) when (exception is NotACaptureException)
        {
            await error.WriteLineAsync($"{NameOf(arguments)}: {exception.Message}");
            return CommandLine.BadArguments;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync(exception.Message.ReplaceLineEndings(" "));
            return CommandLine.BadArguments;
        }
    }

    private static string NameOf(ExplainArguments arguments) => arguments.IsLive ? "standard input" : arguments.Capture;

    private static Task<Explanation> ReadAsync(Stream stream, ExplainArguments arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken) =>
        arguments.IsLive ? ReadLiveAsync(stream, arguments, output, cancellationToken) : ReadFileAsync(stream, arguments, error, cancellationToken);

    private static async Task<Explanation> ReadFileAsync(Stream stream, ExplainArguments arguments, TextWriter error, CancellationToken cancellationToken)
    {
        var analysis = new CaptureAnalysis(arguments.Filter, arguments.All);
        Task<Explanation> reading = Task.Run(() => analysis.Run(CaptureReader.Open(stream), cancellationToken), cancellationToken);
        long all = stream.CanSeek ? stream.Length : 0;
        await Display.ShowAsync(error, live => ShowLiveAsync(analysis, reading, all, live), () => WriteLinesAsync(analysis, reading, error));
        return await reading;
    }

    // Ctrl-C is how a live capture ends: what was seen until then is reported.
    private static async Task<Explanation> ReadLiveAsync(Stream stream, ExplainArguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        var analysis = new CaptureAnalysis(arguments.Filter, arguments.All, finding => WriteLive(finding, arguments, output));
        Task<Explanation> reading = Task.Factory.StartNew(
            () => analysis.Run(CaptureReader.Open(stream), CancellationToken.None), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        long frames = 0;
        long since = Stopwatch.GetTimestamp();
        while (!await Display.IsDoneWithinAsync(reading, s_tick))
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return await Display.IsDoneWithinAsync(reading, s_lastFrames) ? await reading : analysis.Stop();
            }

            if (analysis.Frames != frames)
            {
                frames = analysis.Frames;
                since = Stopwatch.GetTimestamp();
                continue;
            }

            analysis.Tick(Stopwatch.GetElapsedTime(since));
        }

        return await reading;
    }

    private static void WriteLive(Finding finding, ExplainArguments arguments, TextWriter output)
    {
        output.WriteLine(arguments.Json ? ExplanationJson.WriteLine(finding, arguments.RedactPaths) : ExplainText.Line(finding, arguments.RedactPaths));
        output.Flush();
    }

    private static async Task ReportAsync(Explanation explanation, ExplainArguments arguments, Stream? page, TextWriter output, TextWriter error)
    {
        foreach (string warning in explanation.Warnings)
        {
            await error.WriteLineAsync($"{NameOf(arguments)}: {warning}");
        }

        if (page is not null)
        {
            string name = arguments.IsLive ? NameOf(arguments) : Path.GetFileName(arguments.Capture);
            await page.WriteAsync(Encoding.UTF8.GetBytes(HtmlReport.Write(explanation, name, arguments.RedactPaths)));
        }

        if (arguments.Json)
        {
            await output.WriteLineAsync(ExplanationJson.Write(explanation, arguments.RedactPaths, onOneLine: arguments.IsLive));
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

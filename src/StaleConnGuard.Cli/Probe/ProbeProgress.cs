using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace StaleConnGuard.Cli;

/// <summary>Shows how long the silence has lasted: live on a terminal, otherwise a plain line now and then. Goes to the error output.</summary>
internal static class ProbeProgress
{
    private static readonly TimeSpan s_liveInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_firstLine = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_lineInterval = TimeSpan.FromSeconds(5);

    public static Task ShowAsync(ProbeSession session, Task running, TextWriter error)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        return console.Profile.Out.IsTerminal && console.Profile.Capabilities.Ansi
            ? ShowLiveAsync(session, running, console)
            : WriteLinesAsync(session, running, error);
    }

    private static Task ShowLiveAsync(ProbeSession session, Task running, IAnsiConsole console) => console.Progress()
        .AutoClear(true)
        .AutoRefresh(false)
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new ElapsedTimeColumn())
        .StartAsync(async context =>
        {
            long start = Stopwatch.GetTimestamp();
            ProgressTask bar = context.AddTask(string.Empty, maxValue: session.Arguments.MaxIdle.TotalSeconds);
            do
            {
                bar.Value = Stopwatch.GetElapsedTime(start).TotalSeconds;
                bar.Description = Markup.Escape(Describe(session));
                context.Refresh();
            }
            while (!await IsDoneWithinAsync(running, s_liveInterval));
        });

    private static async Task WriteLinesAsync(ProbeSession session, Task running, TextWriter error)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan interval = s_firstLine;
        while (!await IsDoneWithinAsync(running, interval))
        {
            interval = s_lineInterval;
            await error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds,4:0} s  {Describe(session)}"));
        }
    }

    private static string Describe(ProbeSession session) =>
        $"{session.Answered} of {session.Arguments.Connections} connections answered, {session.Answered - session.Ended} idle, {session.Ended} closed";

    // The probe's own failure is for whoever awaits it after the display is gone.
    private static async Task<bool> IsDoneWithinAsync(Task running, TimeSpan time)
    {
        _ = await Task.WhenAny(running, Task.Delay(time));
        return running.IsCompleted;
    }
}

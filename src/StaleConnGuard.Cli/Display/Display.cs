using Spectre.Console;

namespace StaleConnGuard.Cli;

/// <summary>How progress is shown: live on a terminal, otherwise in plain lines. Goes to the error output, so that results stay clean.</summary>
internal static class Display
{
    public static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(5);

    public static Task ShowAsync(TextWriter error, Func<Progress, Task> showLive, Func<Task> writeLines)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        return console.Profile.Out.IsTerminal && console.Profile.Capabilities.Ansi
            ? showLive(console.Progress().AutoClear(true).AutoRefresh(false))
            : writeLines();
    }

    /// <summary>Whether the work ended within <paramref name="time"/>. Its own failure is for whoever awaits it after the display is gone.</summary>
    public static async Task<bool> IsDoneWithinAsync(Task running, TimeSpan time)
    {
        _ = await Task.WhenAny(running, Task.Delay(time));
        return running.IsCompleted;
    }
}

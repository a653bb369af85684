using Spectre.Console;

namespace StaleConnGuard.Cli;

/// <summary>The output of a race as a picture, for documents.</summary>
internal static class RacePicture
{
    private const int Width = 110;

    /// <summary>What the race says of itself and its result, as SVG.</summary>
    public static string Draw(RaceReport report, string header, string command)
    {
        IAnsiConsole silent = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null), Ansi = AnsiSupport.Yes, ColorSystem = ColorSystemSupport.Standard });
        silent.Profile.Width = Width;
        silent.Profile.Capabilities.Unicode = true;
        using Recorder recorder = silent.CreateRecorder();
        recorder.Write(new Text(header));
        RaceTable.Write(report, recorder);
        return recorder.Export(new SvgEncoder(command));
    }
}

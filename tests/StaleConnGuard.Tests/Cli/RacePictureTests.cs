using System.Xml.Linq;
using Spectre.Console;
using Spectre.Console.Rendering;
using StaleConnGuard.Cli;

namespace StaleConnGuard.Tests.Cli;

/// <summary>What the console was told, as a picture.</summary>
public class RacePictureTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Encode_ATable_HasEveryCellAtItsColumnInItsColour()
    {
        XElement[] texts = Draw(new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("client <a> & b").NoWrap()).AddColumn(new TableColumn("failed").RightAligned())
            .AddRow("HttpClient as it is", "[red]27[/]").AddRow("guarded", "[green]0[/]"));

        texts[0].Value.ShouldBe("$ staleconn race");
        texts.Select(text => text.Value).ShouldContain("client <a> & b");
        texts.Single(text => text.Value == "27").Attribute("class")!.Value.ShouldBe("red");
        texts.Single(text => text.Value == "0").Attribute("class")!.Value.ShouldBe("green");
        Right(texts.Single(text => text.Value == "27")).ShouldBe(Right(texts.Single(text => text.Value == "0")), "they are aligned on the right");
        Right(texts.Single(text => text.Value == "failed")).ShouldBe(Right(texts.Single(text => text.Value == "27")));
    }

    [Fact]
    public void Encode_Text_StaysWithinThePicture()
    {
        XElement[] texts = Draw(new Text(string.Join(' ', Enumerable.Repeat("word", 60))));
        double width = double.Parse(texts[0].Parent!.Attribute("width")!.Value);

        texts.Length.ShouldBeGreaterThan(2);
        texts.ShouldAllBe(text => Right(text) < width);
    }

    private static double Right(XElement text) => double.Parse(text.Attribute("x")!.Value) + double.Parse(text.Attribute("textLength")!.Value);

    private static XElement[] Draw(IRenderable what)
    {
        IAnsiConsole silent = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null), Ansi = AnsiSupport.Yes, ColorSystem = ColorSystemSupport.Standard });
        silent.Profile.Width = 80;
        using Recorder recorder = silent.CreateRecorder();
        recorder.Write(what);
        return [.. XDocument.Parse(recorder.Export(new SvgEncoder("staleconn race"))).Root!.Elements(s_svg + "text")];
    }
}

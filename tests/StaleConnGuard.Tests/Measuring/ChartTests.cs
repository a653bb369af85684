using System.Globalization;
using System.Xml.Linq;
using StaleConnGuard.Measuring;

namespace StaleConnGuard.Tests.Measuring;

public sealed class ChartTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BarChart_AnyValues_IsWellFormedAndShowsEveryNameAndValue(bool isByTens)
    {
        var chart = new BarChart("Failed & <lost>", "per cent") { IsByTens = isByTens };
        chart.AddGroup("GET \"and\" POST");
        chart.AddBar("plain", 41.7, 1);
        chart.AddBar("guarded", 0, 0);
        chart.AddBar("absent", null, 0);

        XElement svg = Parse(chart.ToString());

        string[] texts = [.. svg.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
        texts.ShouldContain("Failed & <lost>");
        texts.ShouldContain("GET \"and\" POST");
        texts.ShouldContain("plain");
        texts.ShouldContain("41.7");
        texts.ShouldContain("none");
        Bars(svg).Count.ShouldBe(2);
    }

    [Fact]
    public void BarChart_ByEvenScale_BarsAreAsLongAsTheirValues()
    {
        var chart = new BarChart("t", "u");
        chart.AddGroup("g");
        chart.AddBar("one", 10, 0);
        chart.AddBar("three", 30, 0);

        List<double> lengths = Bars(Parse(chart.ToString()));

        (lengths[1] / lengths[0]).ShouldBe(3, 0.01);
    }

    [Fact]
    public void BarChart_Empty_IsWellFormed() => Parse(new BarChart("t", "u").ToString()).ShouldNotBeNull();

    [Fact]
    public void LineChart_ByTens_IsWellFormedAndLeavesOutWhatHasNoLogarithm()
    {
        var chart = new LineChart("Memory", "how many", "bytes") { IsByTens = true };
        chart.AddLine("a", [(1, 5), (10, 0), (10_000, 5_000)], 0);
        chart.AddLine("b & c", [], 1);

        XElement svg = Parse(chart.ToString());

        svg.Descendants().Count(element => element.Name.LocalName == "circle").ShouldBe(2);
        svg.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value).ShouldContain("10,000");
        svg.ToString().ShouldNotContain("NaN");
    }

    [Fact]
    public void Charts_AnyCulture_WriteNumbersWithAPoint()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo(string.Empty) { NumberFormat = { NumberDecimalSeparator = ",", NumberGroupSeparator = "." } };
            var chart = new BarChart("t", "u");
            chart.AddGroup("g");
            chart.AddBar("x", 0.25, 0);

            chart.ToString().ShouldContain(">0.25<");
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Charts_DarkMode_HasColoursOfItsOwn() => new BarChart("t", "u").ToString().ShouldContain("prefers-color-scheme:dark");

    private static XElement Parse(string svg)
    {
        XElement root = XDocument.Parse(svg).Root!;
        root.Name.ToString().ShouldBe("{http://www.w3.org/2000/svg}svg");
        return root;
    }

    private static List<double> Bars(XElement svg) =>
    [
        .. svg.Descendants().Where(element => element.Name.LocalName == "rect" && element.Attribute("class")!.Value.StartsWith("fill", StringComparison.Ordinal))
            .Select(element => double.Parse(element.Attribute("width")!.Value, CultureInfo.InvariantCulture)),
    ];
}

using System.IO.Compression;
using StaleConnGuard.Cli;
using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

public class CaptureFileTests
{
    private readonly CaptureScript _script = new();

    public CaptureFileTests() => _ = new ScriptedExchange(_script).Handshake(0).Answered(20).Request(1028).ServerFin(1030);

    [Fact]
    public void Every_format_says_the_same()
    {
        byte[][] files =
        [
            _script.ToArray(), _script.ToArray(isBigEndian: true), _script.ToArray(hasNanoseconds: true), _script.ToArray(isBigEndian: true, hasNanoseconds: true),
            _script.ToPcapNg(), _script.ToPcapNg(isBigEndian: true), _script.ToPcapNg(resolution: null), _script.ToPcapNg(resolution: 0x80 | 28),
            Gzip(_script.ToArray()), Gzip(_script.ToPcapNg()), [.. _script.ToPcapNg(), .. new CaptureScript().ToPcapNg()],
            .. Enum.GetValues<CaptureLink>().Select(link => _script.ToArray(link: link)),
        ];

        foreach (byte[] file in files)
        {
            Explanation explanation = file.Explain();
            explanation.Warnings.ShouldBeEmpty();
            explanation.Frames.ShouldBe(7);
            Finding finding = explanation.Only();
            finding.Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
            Nanoseconds.ToTime(finding.Time).ShouldBe(DateTimeOffset.UnixEpoch.AddSeconds(1_000_000_000).AddMilliseconds(1030), TimeSpan.FromMicroseconds(1));
        }
    }

    [Fact]
    public void Sections_of_several_byte_orders_units_and_links_are_one_capture()
    {
        var first = new CaptureScript();
        var second = new CaptureScript();
        var exchange = new ScriptedExchange(first);
        _ = exchange.Handshake(0).Answered(20);
        var rest = new CaptureScript();
        foreach ((long time, byte[] frame, int _) in _script.Frames.Skip(5))
        {
            _ = (time % 4000 == 0 ? second : rest).Add(time, frame);
        }

        Explanation explanation = ((byte[])[.. first.ToPcapNg(isBigEndian: true, link: CaptureLink.Sll2), .. second.ToPcapNg(resolution: null, link: CaptureLink.Vlan), .. rest.ToPcapNg(resolution: 0x80 | 28)]).Explain();

        explanation.Warnings.ShouldBeEmpty();
        Finding finding = explanation.Only();
        finding.Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
        finding.IdleAtEnd!.Value.ShouldBe(TimeSpan.FromSeconds(1), TimeSpan.FromMicroseconds(1));
        finding.Request!.Frame.ShouldBe(6);
    }

    [Theory]
    [InlineData(0UL, long.MinValue)]
    [InlineData(ulong.MaxValue, 0)]
    [InlineData(ulong.MaxValue, long.MaxValue)]
    [InlineData(1UL << 63, -(1L << 40))]
    public void Time_stamps_out_of_this_world_are_held_within_it(ulong ticks, long offsetSeconds)
    {
        foreach (byte resolution in (byte[])[0, 6, 9, 20, 0x7F, 0x80, 0x80 | 40, 0xFF])
        {
            long time = new CaptureInterface(LinkType.Ethernet, 0, resolution, offsetSeconds).Nanoseconds(ticks);

            time.ShouldBeInRange(0, 1L << 62);
        }
    }

    [Fact]
    public void Cut_file_is_read_as_far_as_it_goes()
    {
        byte[] whole = _script.ToArray();

        for (int length = 24; length < whole.Length; length++)
        {
            Explanation explanation = whole[..length].Explain();
            explanation.Frames.ShouldBeLessThan(7);
            explanation.Findings.ShouldAllBe(finding => !finding.IsTrouble);
        }

        whole[..^1].Explain().Warnings.ShouldHaveSingleItem().ShouldBe("The capture was read in part, after frame 6: the capture is cut.");
    }

    [Fact]
    public void Cut_gzip_is_read_as_far_as_it_goes()
    {
        byte[] whole = Gzip(_script.ToArray());

        Should.NotThrow(() => whole[..^20].Explain().Frames.ShouldBeLessThanOrEqualTo(7));
    }

    [Fact]
    public void Truncated_packets_are_said_and_judged_by_what_is_there()
    {
        var script = new CaptureScript { SnapLength = 60 };
        _ = new ScriptedExchange(script).Handshake(0).Answered(20).Request(1028, "POST /a/long/path HTTP/1.1\r\n\r\n").ServerFin(1030);

        Explanation explanation = script.Explain();

        explanation.Truncated.ShouldBeGreaterThan(0);
        explanation.Warnings.ShouldHaveSingleItem().ShouldContain("captured in part only");
        Finding finding = explanation.Only();
        finding.Judgement.Verdict.ShouldBe(Verdict.LostInFlight);
        finding.Request!.Path.ShouldBe("/…");
    }

    [Fact]
    public void Mutated_captures_throw_nothing()
    {
        (long captures, long frames, _) = CaptureFuzz.Run(5_000, seed: 1);

        captures.ShouldBeGreaterThan(2_500);
        frames.ShouldBeGreaterThan(captures);
    }

    [Fact]
    public void Memory_is_bounded_by_what_is_open()
    {
        using var endless = new EndlessCaptureStream(20 * 1024 * 1024);

        Explanation explanation = new CaptureAnalysis().Run(CaptureReader.Open(endless));

        explanation.Connections.ShouldBeGreaterThan(2 * explanation.MostOpen);
        explanation.Verdicts[Verdict.LostInFlight].ShouldBe(explanation.Connections / 10);
        explanation.Verdicts.Keys.ShouldBe([Verdict.LostInFlight, Verdict.ClosedIdleByServer], ignoreOrder: true);
    }

    [Fact]
    public void Connections_beyond_the_limit_are_given_up_not_guessed()
    {
        var script = new CaptureScript();
        for (ushort i = 0; i < 5; i++)
        {
            _ = new ScriptedExchange(script, (ushort)(40000 + i)).Handshake(i).Answered(20 + i);
        }

        using var stream = new MemoryStream(script.ToArray());
        Explanation explanation = new CaptureAnalysis(mostOpen: 3).Run(CaptureReader.Open(stream));

        explanation.MostOpen.ShouldBeLessThanOrEqualTo(4);
        explanation.Verdicts.Keys.ShouldContain(Verdict.Unknown);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("ab", "too short for a capture")]
    [InlineData("not a capture at all", "not a capture")]
    public async Task Command_says_in_one_line_that_it_is_no_capture(string content, string expected)
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, content);
            (int exitCode, string output, string error) = await RunAsync("explain", path);

            exitCode.ShouldBe(2);
            output.ShouldBeEmpty();
            error.TrimEnd().ShouldNotContain("\n");
            error.ShouldContain(expected);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("--port", "0", "--port: '0' is not accepted; accepted is a whole number from 1 to 65535.")]
    [InlineData("--host", "nowhere", "--host: 'nowhere' is not accepted; accepted is an IPv4 or IPv6 address, such as 10.0.0.7.")]
    [InlineData("--client", "10/8", "--client: '10/8' is not accepted; accepted is a network such as 10.0.0.0/8.")]
    public async Task Command_says_what_it_accepts(string option, string value, string expected)
    {
        (int exitCode, _, string error) = await RunAsync("explain", "none.pcap", option, value);

        exitCode.ShouldBe(2);
        error.Trim().ShouldBe(expected);
    }

    [Fact]
    public async Task Reports_name_the_cause_the_setting_and_no_query()
    {
        string folder = Directory.CreateTempSubdirectory("staleconn-explain-").FullName;
        try
        {
            string capture = Path.Combine(folder, "race.pcap");
            string page = Path.Combine(folder, "report.html");
            await File.WriteAllBytesAsync(capture, _script.ToArray());

            (int exitCode, string text, string error) = await RunAsync("explain", capture, "--html", page);
            (_, string json, _) = await RunAsync("explain", capture, "--json", "--redact-paths");
            string html = await File.ReadAllTextAsync(page);

            exitCode.ShouldBe(0, error);
            foreach (string report in (string[])[text, html])
            {
                report.ShouldContain("1 request lost, 1 of them POST");
                report.ShouldContain("keepalive_timeout 500ms;");
                report.ShouldContain("POST /orders");
                report.ShouldNotContain("secret");
            }

            html.ShouldContain("<svg");
            html.ShouldNotContain("http-equiv");
            html.ShouldNotContain("<script");
            json.ShouldNotContain("/orders");
            using var parsed = System.Text.Json.JsonDocument.Parse(json);
            System.Text.Json.JsonElement finding = parsed.RootElement.GetProperty("findings")[0];
            finding.GetProperty("verdict").GetString().ShouldBe("LostInFlight");
            finding.GetProperty("delivery").GetString().ShouldBe("ProvenUndelivered");
            finding.GetProperty("requestFrame").GetInt64().ShouldBe(6);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exitCode = await CommandLine.RunAsync(arguments, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using StaleConnGuard.Cli;
using StaleConnGuard.Diagnosis;
using RequestLine = StaleConnGuard.Protocols.Http1.RequestLine;

namespace StaleConnGuard.Testing;

/// <summary>Everything that reads bytes or text from outside.</summary>
public static class FuzzTargets
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("keep-alive", KeepAliveValue, "timeout=", "max=100", ",", "\"", "86400", "99999999999999999999", " \t"),
        new("retry-after", RetryAfterValue, "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "GMT", "29 Feb", "9999", "0001", ":60", "99999999999999999999"),
        new("response", Response, "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 100 C\r\n\r\n", "HTTP/1.1 204 N\r\n\r\n", "Content-Length: 5\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n", "Keep-Alive: timeout=5\r\n", "\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "FFFFFFFFFFFFFFFF", "9223372036854775807"),
        new("request", Request, "GET / HTTP/1.1\r\n", "POST ", "CONNECT ", "HEAD ", " HTTP/1.0\r\n", "Connection: close\r\n", "Host: a\r\n", "\r\n\r\n", "QUERY "),
        new("frames", Frames, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\x04\0\0\0\0\0", "\0\0\0\x04\x01\0\0\0\0", "\0\0\x08\x07\0\0\0\0\0", "\0\0\x01\x01\x05\0\0\0\x01", "\0\x40\0\0\0\0\0\0\x01"),
        new("capture", Capture, "\xd4\xc3\xb2\xa1\x02\0\x04\0", "\x0a\x0d\x0d\x0a", "\x4d\x3c\x2b\x1a", "HTTP/1.1 200 OK\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01"),
        new("probe", Probe, "HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 H\r\n\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 3\r\n", "0\r\n\r\n", "Keep-Alive: timeout=2\r\n", "\r\n"),
        new("configuration", Configuration, "\"StaleConnGuard\":{", "\"KeepAlive\":{", "\"ServerTimeout\":\"", "\"Origins\":{", "\"Clients\":{", "\"Retry\":{", "\"Budget\":{", "\"Transport\":{", "\"Replay\":{", "\"StatusCodes\":[503]", "00:00:05", "Infinite", "AwsAlb", "}", ",", "null", "1e400", "-1", "NaN"),
        new("ledger-file", LedgerFileText, "{\"version\":1,\"origins\":[", "\"origin\":\"http://a:80\"", "\"proxy\":\"http://p:80\"", "\"serverTimeout\":", "\"confirmed\":\"9999-12-31T23:59:59Z\"", "\"confirmed\":\"0001-01-01T00:00:00+14:00\"", "1e308", "null", "},{", "]}"),
        new("ledger-page", LedgerPageText, "{\"origins\":[", "\"origin\":\"http://a:80\"", "\"learned\":", "\"remembered\":", "\"serverTimeout\":", "\"advertised\":", "1e308", "-1", "null", "},{", "]}"),
        new("arguments", Arguments, "ms", "s", "m", "http://", "https://", "[::1]", ":80", "NaN", "1e9", ".", "user:password@", "0x"),
    ];

    public static FuzzTarget Find(string name) => All.Single(target => target.Name == name);

    private static int KeepAliveValue(byte[] input)
    {
        string value = Encoding.Latin1.GetString(input);
        Must(KeepAliveReference.Complaint(value));
        return KeepAliveHeader.TryParse(value, out TimeSpan timeout) ? (int)Math.Log2(timeout.TotalSeconds + 1) : -1;
    }

    private static int RetryAfterValue(byte[] input)
    {
        string value = Encoding.Latin1.GetString(input);
        int kind = 0;
        foreach (DateTimeOffset now in new[] { s_now, DateTimeOffset.MinValue, DateTimeOffset.MaxValue })
        {
            TimeSpan? wait = RetryAfter.Parse(value, now);
            Must(wait < TimeSpan.Zero ? "a wait that is negative" : null);
            kind = (kind * 64) + (wait is null ? 0 : 1 + (int)Math.Log2(wait.Value.TotalSeconds + 1));
        }

        // Where the runtime reads the preferred form, it is read, and as the same instant.
        if (value.Length == 29 && DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date) && date.ToString("r", CultureInfo.InvariantCulture) == value)
        {
            Must(RetryAfter.Parse(value, s_now) == (date > s_now ? date - s_now : TimeSpan.Zero) ? null : "not the instant that the runtime reads");
        }

        return kind;
    }

    /// <summary>However the bytes are cut: what is told of them is the same.</summary>
    private static int Response(byte[] input)
    {
        int kind = 0;
        foreach (bool isHead in new[] { false, true })
        {
            var whole = default(ResponseFraming);
            whole.Begin(isHead);
            ResponseNews news = whole.Feed(input);
            for (int step = 1; step <= 7; step += 3)
            {
                var cut = default(ResponseFraming);
                cut.Begin(isHead);
                (int? status, bool ended) = (null, false);
                for (int at = 0; at < input.Length; at += step)
                {
                    ResponseNews part = cut.Feed(input.AsSpan(at, Math.Min(step, input.Length - at)));
                    Must(part.HeadHasEnded && ended ? "the head has ended twice" : null);
                    status = part.Status ?? status;
                    ended |= part.HeadHasEnded;
                }

                Must(cut.IsComplete == whole.IsComplete && cut.EndsConnection == whole.EndsConnection && cut.KeepAlive == whole.KeepAlive && status == news.Status && ended == news.HeadHasEnded
                    ? null
                    : $"in steps of {step} it is read differently");
            }

            Must(whole.IsComplete && !news.HeadHasEnded ? "complete without a head" : null);
            kind = (kind * 4096) + ((news.Status ?? 0) * 16) + (whole.IsComplete ? 8 : 0) + (whole.EndsConnection ? 4 : 0) + (whole.KeepAlive is null ? 0 : 2) + (news.HeadHasEnded ? 1 : 0);
        }

        return kind;
    }

    private static int Request(byte[] input)
    {
        bool begins = RequestLine.Begins(input);
        bool post = RequestLine.Begins(input, HttpMethod.Post);
        Must(post && !begins ? "the line of a method, and none" : null);
        byte[]? asked = KeepAliveSolicitation.InsertInto(input, out int length);
        if (asked is not null)
        {
            // What was put in is all that has changed.
            string text = Encoding.Latin1.GetString(asked, 0, length);
            string before = Encoding.Latin1.GetString(input);
            int line = before.IndexOf("\r\n", StringComparison.Ordinal) + 2;
            Must(text == before.Insert(line, "Connection: keep-alive\r\n") ? null : "something else was changed");
            System.Buffers.ArrayPool<byte>.Shared.Return(asked);
        }

        return (begins ? 1 : 0) + (post ? 2 : 0) + (RequestLine.IsHead(input) ? 4 : 0) + (RequestLine.IsIdempotent(input) ? 8 : 0) + (asked is null ? 0 : 16);
    }

    private static int Frames(byte[] input)
    {
        int kind = 0;
        foreach (bool isClient in new[] { false, true })
        {
            (List<FrameHeader> whole, bool isLost) = Scan(input, isClient, input.Length);
            for (int step = 1; step <= 13; step += 4)
            {
                (List<FrameHeader> cut, bool cutIsLost) = Scan(input, isClient, step);
                Must(cutIsLost == isLost && cut.SequenceEqual(whole) ? null : $"in steps of {step} other frames are found");
            }

            kind = (kind * 4096) + (isLost ? 2048 : 0) + whole.Aggregate(0, static (sum, frame) => ((sum * 5) + Math.Min((int)frame.Type, 11)) & 2047);
        }

        return kind;
    }

    private static (List<FrameHeader> Frames, bool IsLost) Scan(byte[] input, bool isClient, int step)
    {
        FrameScanner scanner = isClient ? FrameScanner.OfClient() : FrameScanner.OfServer();
        var found = new List<FrameHeader>();
        for (int at = 0; at < input.Length; at += step)
        {
            ReadOnlySpan<byte> piece = input.AsSpan(at, Math.Min(step, input.Length - at));
            while (scanner.TryNext(ref piece, out FrameHeader frame))
            {
                found.Add(frame);
            }

            Must(!scanner.IsLost && !piece.IsEmpty ? "bytes were left over" : null);
        }

        return (found, scanner.IsLost);
    }

    private static int Capture(byte[] input)
    {
        try
        {
            using var stream = new MemoryStream(input);
            Explanation explanation = new CaptureAnalysis(keepAll: true, onFinding: _ => { }, mostOpen: 8).Run(CaptureReader.Open(stream));
            _ = HtmlReport.Write(explanation, "fuzz", redactPaths: false);
            using JsonDocument json = JsonDocument.Parse(ExplanationJson.Write(explanation, redactPaths: false));
            return 1 + (int)Math.Min(explanation.Frames, 50);
        }
        catch (NotACaptureException)
        {
            return 0;
        }
    }

    private static int Probe(byte[] input)
    {
        try
        {
            using var stream = new MemoryStream(input);
            ProbeResponse response = new ProbeResponseReader(stream).ReadAsync(input.Length % 2 == 0 ? "GET" : "HEAD", CancellationToken.None).GetAwaiter().GetResult();
            Must(response.Status is < 0 or > 999 ? "a status of more than three digits" : null);
            return (response.Status * 8) + ((int)response.Framing * 2) + (response.SaysClose ? 1 : 0);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            Must(e.Message.Any(char.IsControl) ? "says what a terminal would obey" : null);
            return -e.Message.Length;
        }
    }

    private static int Configuration(byte[] input)
    {
        IConfiguration configuration;
        try
        {
            configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(input)).Build();
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or JsonException)
        {
            // No JSON, or a key twice: not ours to judge.
            return 0;
        }

        var options = new StaleConnGuardOptions();
        try
        {
            StaleConnGuardConfiguration.Apply(configuration.GetSection("StaleConnGuard"), "orders", options);
            ValidateOptionsResult result = new StaleConnGuardOptionsValidator().Validate(null, options);
            if (result.Succeeded)
            {
                // What is accepted can be used.
                StaleConnGuardHandler.Create(options).Dispose();
                return 1;
            }

            return 2 + result.Failures!.Count();
        }
        catch (OptionsValidationException e)
        {
            Must(e.Failures.Any(static line => line.Length == 0) ? "an empty line" : null);
            return -1 - e.Failures.Count();
        }
    }

    private static int LedgerFileText(byte[] input)
    {
        try
        {
            (int version, IReadOnlyList<RememberedTimeout> entries) = LedgerFileFormat.Read(input);
            Must(entries.Count > KeepAliveDefaults.MaxOrigins ? "too many origins" : null);
            foreach (RememberedTimeout entry in entries)
            {
                _ = entry.IsFresh(s_now);
                Must(entry.TimeoutTicks <= 0 ? "a timeout that is none" : null);
            }

            (_, IReadOnlyList<RememberedTimeout> again) = LedgerFileFormat.Read(LedgerFileFormat.Write(entries));
            Must(again.SequenceEqual(entries) ? null : "what was written is not what was read");
            return (Math.Min(version, 3) * 100) + Math.Min(entries.Count, 50);
        }
        catch (JsonException)
        {
            return 0;
        }
    }

    private static int LedgerPageText(byte[] input)
    {
        try
        {
            LedgerReading reading = LedgerReading.Of(input);
            Must(reading.Known.Any(static origin => origin.Value <= TimeSpan.Zero) ? "a timeout that is none" : null);
            return 1 + Math.Min(reading.Known.Count, 20) + (Math.Min(reading.Unusable, 10) * 50) + (Math.Min(reading.Advertised, 10) * 600);
        }
        catch (JsonException)
        {
            return 0;
        }
    }

    private static int Arguments(byte[] input)
    {
        string text = Encoding.UTF8.GetString(input);
        int kind = 0;
        if (Duration.TryParse(text, out TimeSpan duration))
        {
            Must(duration < TimeSpan.Zero ? "a duration that is negative" : null);
            _ = Duration.Format(duration);
            kind = 1 + (int)Math.Log2(duration.TotalMilliseconds + 1);
        }

        if (OriginKey.TryParse(text, out OriginKey key))
        {
            Must(OriginKey.TryParse(key.Origin, out OriginKey again) && again.Equals(key) ? null : "an origin that is not its own");
            kind += 100;
        }

        _ = UserInformation.Hide(text);
        return kind;
    }

    private static void Must(string? complaint)
    {
        if (complaint is not null)
        {
            throw new InvalidOperationException(complaint);
        }
    }
}

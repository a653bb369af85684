using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>What a hostile, a broken and an old server answer: around, before, within and behind a response over HTTP/1.1.</summary>
public static class HostileAnswers
{
    private const string Honest = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\nhonest attacked";
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    /// <summary>Those that answer at once, and leave the connection open or end it.</summary>
    public static IEnumerable<HostileAnswer> AtOnce { get; } =
    [
        .. Around(), .. StatusLines(), .. Heads(), .. Lengths(), .. Chunks(), .. Interim(), .. KeepAlive(), .. Sizes(), .. BeforeTheRequest(),
    ];

    /// <summary>Those that never come to an end by themselves: the client's patience does.</summary>
    public static IEnumerable<HostileAnswer> Endless { get; } =
    [
        HostileAnswer.Of("nothing at all", ""),
        HostileAnswer.Of("half a status line", "HTTP/1.1 20"),
        HostileAnswer.Of("half a head", "HTTP/1.1 200 OK\r\nX: y\r\n"),
        HostileAnswer.Of("half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
        HostileAnswer.Of("half a chunk", Chunked + "A\r\nhello"),
        HostileAnswer.Of("only an interim response", "HTTP/1.1 103 Early Hints\r\n\r\n"),
        HostileAnswer.Of("trailers without an end", Chunked + "0\r\nX: y\r\n"),
        new("interim responses for ever", (c, r) => RepeatAsync(c, r, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n")),
        new("a body for ever, in chunks", (c, r) => RepeatAsync(c, r, "1\r\nx\r\n", Chunked)),
        new("a trickle", (c, r) => RepeatAsync(c, r, "x", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")),
    ];

    /// <summary>Those that grow until the client has had enough.</summary>
    public static IEnumerable<HostileAnswer> Growing { get; } =
    [
        new("headers for ever", (c, r) => RepeatAsync(c, r, $"X-Header: {new string('x', 1000)}\r\n", "HTTP/1.1 200 OK\r\n")),
        new("one header for ever", (c, r) => RepeatAsync(c, r, new string('x', 4000), "HTTP/1.1 200 OK\r\nX: ")),
        new("a status line for ever", (c, r) => RepeatAsync(c, r, new string('x', 4000), "HTTP/1.1 200 ")),
        new("a chunk extension for ever", (c, r) => RepeatAsync(c, r, new string('x', 4000), Chunked + "5;")),
        new("trailers for ever", (c, r) => RepeatAsync(c, r, $"X: {new string('x', 1000)}\r\n", Chunked + "0\r\n")),
    ];

    private static IEnumerable<HostileAnswer> Around()
    {
        foreach (string garbage in new[] { "\r\n", "\r\n\r\n\r\n", "garbage\r\n", "\0\0\0\0", "\x15\x03\x03\0\x02\x02\x28", "\0\0\x04\x01\0\0\0\0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", " ", "<html>old</html>" })
        {
            yield return HostileAnswer.Of($"{Printable(garbage)} before the answer", garbage + Honest);
            yield return HostileAnswer.Of($"{Printable(garbage)} behind the answer", Honest + garbage);
            yield return HostileAnswer.Of($"{Printable(garbage)} behind the answer, FIN", Honest + garbage, HostileEnd.Fin);
            yield return HostileAnswer.Of($"{Printable(garbage)} instead of an answer, FIN", garbage, HostileEnd.Fin);
            yield return HostileAnswer.Of($"{Printable(garbage)} instead of an answer, reset", garbage, HostileEnd.Reset);
        }

        yield return HostileAnswer.Of("two answers at once", Honest + Honest);
        yield return HostileAnswer.Of("an answer and a half", Honest + Honest[..20]);
        yield return HostileAnswer.Of("an answer and a half, FIN", Honest + Honest[..20], HostileEnd.Fin);
        yield return new HostileAnswer("another answer a moment later", async (c, r) =>
        {
            await HostileAnswer.SendAsync(c, r, Encoding.Latin1.GetBytes(Honest), HostileEnd.StaysOpen);
            await Task.Delay(5);
            await c.WriteAsync(Honest.Replace("honest attacked", "hostile poison!", StringComparison.Ordinal));
        });
    }

    private static IEnumerable<HostileAnswer> StatusLines()
    {
        foreach (string line in new[]
        {
            "HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 Low", "HTTP/1.1 999 High", "HTTP/1.1 abc OK", "HTTP/1.1 -20 OK", "HTTP/1.1",
            "HTTP/1.0 200 OK", "HTTP/1.2 200 OK", "HTTP/1.9 200 OK", "HTTP/2.0 200 OK", "HTTP/0.9 200 OK", "HTTP/11 200 OK", "http/1.1 200 OK", "ICY 200 OK", "HTTP/1.1\t200\tOK", "HTTP/1.1 200 \xe4\xf6\xfc", "HTTP/1.1 200 O\0K",
        })
        {
            yield return HostileAnswer.Of($"status line {Printable(line)}", line + Honest["HTTP/1.1 200 OK".Length..]);
        }

        foreach (int status in new[] { 204, 205, 304, 408, 413, 421, 425, 426, 429, 444, 499, 500, 502, 503, 504, 505, 599 })
        {
            yield return HostileAnswer.Of($"status {status} with a body", $"HTTP/1.1 {status} S\r\nContent-Length: 5\r\n\r\nhello");
            yield return HostileAnswer.Of($"status {status}, close", $"HTTP/1.1 {status} S\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", HostileEnd.Fin);
        }
    }

    private static IEnumerable<HostileAnswer> Heads()
    {
        foreach (string header in new[]
        {
            "no colon\r\n", ": no name\r\n", "Space : before\r\n", "X: folded\r\n line\r\n", " X: begins with a fold\r\n", "X: a\0b\r\n", "X: bare\rreturn\r\n", "X: only a line feed\n", "X\r: y\r\n", "X: \xff\xfe\r\n", "Set-Cookie: a\r\nSet-Cookie: b\r\n",
            "X:\r\n", "Content-Type: \r\n", "Location: ://\r\n", "Date: never\r\n", "Retry-After: -1\r\n", "WWW-Authenticate: \r\n", "Upgrade: h2c\r\nConnection: Upgrade\r\n", "Connection: , ,\r\n", "Connection: Content-Length\r\n",
        })
        {
            yield return HostileAnswer.Of($"header {Printable(header)}", "HTTP/1.1 200 OK\r\n" + header + "Content-Length: 15\r\n\r\nhonest attacked");
        }

        yield return HostileAnswer.Of("line feeds only", Honest.ReplaceLineEndings("\n"));
    }

    private static IEnumerable<HostileAnswer> Lengths()
    {
        foreach (string length in new[]
        {
            "Content-Length: 15\r\nContent-Length: 15\r\n", "Content-Length: 15\r\nContent-Length: 5\r\n", "Content-Length: 5\r\nContent-Length: 15\r\n", "Content-Length: 15, 15\r\n", "Content-Length: +15\r\n", "Content-Length: -1\r\n",
            "Content-Length: 0x0f\r\n", "Content-Length: 15 \r\n", "Content-Length: 1 5\r\n", "Content-Length: \r\n", "Content-Length: 99999999999999999999\r\n", "Content-Length: 9223372036854775807\r\n", "Content-Length: 015\r\n", "Content-Length: 14\r\n", "Content-Length: 16\r\n", "Content-Length: 0\r\n", "",
            "Content-Length: 15\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding: gzip\r\n", "Content-Length: 15\r\nTransfer-Encoding:\r\n",
        })
        {
            yield return HostileAnswer.Of($"length {Printable(length)}, FIN", "HTTP/1.1 200 OK\r\n" + length + "\r\nhonest attacked", HostileEnd.Fin);
        }
    }

    private static IEnumerable<HostileAnswer> Chunks()
    {
        foreach (string body in new[]
        {
            "F\r\nhonest attacked\r\n0\r\n\r\n", "000000000000000F\r\nhonest attacked\r\n0\r\n\r\n", "f\r\nhonest attacked\r\n000\r\n\r\n", "F;a=b\r\nhonest attacked\r\n0;c\r\n\r\n", "F ; a\r\nhonest attacked\r\n0\r\n\r\n", "F\r\nhonest attacked\r\n0\r\nX: trailer\r\n\r\n",
            "g\r\nhonest", "-1\r\nhonest", "+F\r\nhonest attacked\r\n0\r\n\r\n", "0xF\r\nhonest attacked\r\n0\r\n\r\n", "\r\nhonest", "FFFFFFFFFFFFFFFFF\r\nhonest", "7FFFFFFFFFFFFFFF\r\nhonest", "FFFFFFFFFFFFFFFF\r\nhonest", "Fhonest attacked\r\n0\r\n\r\n", "F\r\nhonest attacked0\r\n\r\n", "F\r\nhonest attacked\r\n", "F\r\nhonest attacked\r\n0\r\n",
            "F\nhonest attacked\n0\n\n", "E\r\nhonest attacked\r\n0\r\n\r\n", "F\r\nhonest attacked\r\n0\r\nno colon\r\n\r\n", "F\r\nhonest attacked\r\n0\r\nContent-Length: 3\r\n\r\n", "F\r\nhonest attacked\r\n0\r\n\r\ngarbage",
        })
        {
            yield return HostileAnswer.Of($"chunks {Printable(body)}, FIN", Chunked + body, HostileEnd.Fin);
        }

        foreach (string coding in new[] { "chunked, chunked", "gzip, chunked", "chunked, gzip", "CHUNKED", " chunked ", "xchunked", "chunked;q=1", "chunked\r\nTransfer-Encoding: chunked", "chunked\r\nContent-Length: 3", "identity\r\nTransfer-Encoding: chunked" })
        {
            yield return HostileAnswer.Of($"coding {Printable(coding)}", $"HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\nF\r\nhonest attacked\r\n0\r\n\r\n", HostileEnd.Fin);
        }
    }

    private static IEnumerable<HostileAnswer> Interim()
    {
        foreach (int status in new[] { 100, 102, 103, 104, 150, 199 })
        {
            yield return HostileAnswer.Of($"{status} before the answer", $"HTTP/1.1 {status} S\r\nX: y\r\n\r\n" + Honest);
            yield return HostileAnswer.Of($"{status}, FIN", $"HTTP/1.1 {status} S\r\n\r\n", HostileEnd.Fin);
            yield return HostileAnswer.Of($"{status}, reset", $"HTTP/1.1 {status} S\r\n\r\n", HostileEnd.Reset);
            yield return HostileAnswer.Of($"{status} with a body", $"HTTP/1.1 {status} S\r\nContent-Length: 5\r\n\r\nhello" + Honest);
        }

        yield return HostileAnswer.Of("5000 interim responses", string.Concat(Enumerable.Repeat("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n", 5000)) + Honest);
        yield return HostileAnswer.Of("101 that nobody asked for", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", HostileEnd.Fin);
        yield return HostileAnswer.Of("101 and an answer", "HTTP/1.1 101 Switching\r\n\r\n" + Honest, HostileEnd.Fin);
    }

    private static IEnumerable<HostileAnswer> KeepAlive()
    {
        foreach (string value in new[] { "timeout=0", "timeout=1", "timeout=-1", "timeout=", "timeout=99999999999999999999", "timeout=5, max=0", "max=0", "timeout=\"5\"", "timeout=5;timeout=2", "=", ",,,,", "timeout=5\r\nKeep-Alive: timeout=3", new string('x', 30_000), "timeout=" + new string('9', 30_000) })
        {
            yield return HostileAnswer.Of($"Keep-Alive: {Printable(value)}", $"HTTP/1.1 200 OK\r\nKeep-Alive: {value}\r\nContent-Length: 15\r\n\r\nhonest attacked");
        }

        yield return HostileAnswer.Of("says close and stays open", Honest.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal));
        yield return HostileAnswer.Of("says close and keep-alive", Honest.Replace("\r\n\r\n", "\r\nConnection: keep-alive, close\r\n\r\n", StringComparison.Ordinal));
        yield return HostileAnswer.Of("HTTP/1.0 with keep-alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 15\r\n\r\nhonest attacked");
        yield return HostileAnswer.Of("HTTP/1.0 until FIN", "HTTP/1.0 200 OK\r\n\r\nhonest attacked", HostileEnd.Fin);
        yield return HostileAnswer.Of("answer, FIN", Honest, HostileEnd.Fin);
        yield return HostileAnswer.Of("answer, reset", Honest, HostileEnd.Reset);
    }

    private static IEnumerable<HostileAnswer> Sizes()
    {
        // MaxResponseHeadersLength is 64 KB by default.
        foreach (int size in new[] { 1_000, 4_000, 16_300, 32_768, 60_000, 65_400, 65_500, 65_536, 65_600, 131_072 })
        {
            yield return HostileAnswer.Of($"a header of {size} bytes", $"HTTP/1.1 200 OK\r\nX: {new string('x', size)}\r\nContent-Length: 15\r\n\r\nhonest attacked");
            yield return HostileAnswer.Of($"a reason of {size} bytes", $"HTTP/1.1 200 {new string('x', size)}\r\nContent-Length: 15\r\n\r\nhonest attacked");
            yield return HostileAnswer.Of($"a trailer of {size} bytes", $"{Chunked}F\r\nhonest attacked\r\n0\r\nX: {new string('x', size)}\r\n\r\n");
            yield return HostileAnswer.Of($"a chunk extension of {size} bytes", $"{Chunked}F;{new string('x', size)}\r\nhonest attacked\r\n0\r\n\r\n", HostileEnd.Fin);
        }

        yield return HostileAnswer.Of("3000 headers", $"HTTP/1.1 200 OK\r\n{string.Concat(Enumerable.Range(0, 3000).Select(i => $"X-{i}: y\r\n"))}Content-Length: 15\r\n\r\nhonest attacked");
        yield return new HostileAnswer("a byte at a time", async (c, r) =>
        {
            c.Execute(r);
            foreach (char letter in "HTTP/1.1 103 S\r\nA: b\r\n\r\n" + Chunked + "F\r\nhonest attacked\r\n0\r\nX: trailer\r\n\r\n")
            {
                await c.WriteAsync(letter.ToString());
                await Task.Yield();
            }
        });
    }

    private static IEnumerable<HostileAnswer> BeforeTheRequest()
    {
        yield return Honestly("an answer before the request", Honest);
        yield return Honestly("half an answer before the request", "HTTP/1.1 200 OK\r\nX:");
        yield return Honestly("408 before the request", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        yield return Honestly("a line break before the request", "\r\n");
        yield return new HostileAnswer("408 instead of an answer, FIN", (c, r) => HostileAnswer.SendAsync(c, r, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), HostileEnd.Fin)) { IsAlways = false };
    }

    private static HostileAnswer Honestly(string name, string before) =>
        new(name, static (c, r) => c.AnswerAsync(r, body: "honest attacked")) { BeforeRequest = before };

    private static async Task RepeatAsync(ScriptedConnection connection, ScriptedRequest request, string piece, string first = "")
    {
        connection.Execute(request);
        await connection.WriteAsync(first);
        while (true)
        {
            // Until the client goes away.
            await connection.WriteAsync(piece);
            await Task.Delay(piece.Length > 500 ? 0 : 5);
        }
    }

    private static string Printable(string text) =>
        string.Concat((text.Length > 40 ? text[..40] + "…" : text).Select(static c => c is >= ' ' and <= '~' ? c.ToString() : c == '\r' ? "\\r" : c == '\n' ? "\\n" : $"\\x{(int)c:x2}"));
}

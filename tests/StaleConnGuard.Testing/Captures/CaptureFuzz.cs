using System.Diagnostics;
using System.IO.Compression;
using StaleConnGuard.Diagnosis;

namespace StaleConnGuard.Testing;

/// <summary>Damages captures at random and reads them: no exception but the one that says it is no capture, no hang, nothing kept.</summary>
public static class CaptureFuzz
{
    private const int EachReport = 16;

    /// <param name="inputs">How many.</param>
    /// <param name="seed">Of what is drawn.</param>
    /// <returns>How many were read as captures, how many frames in all, and the longest time that one took.</returns>
    public static (long Captures, long Frames, TimeSpan Longest) Run(long inputs, int seed)
    {
        byte[][] whole = Originals();
        var random = new Random(seed);
        long captures = 0;
        long frames = 0;
        TimeSpan longest = TimeSpan.Zero;
        for (long i = 0; i < inputs; i++)
        {
            byte[] original = whole[random.Next(whole.Length)];
            byte[] damaged = Damage(original, random);
            long started = Stopwatch.GetTimestamp();
            try
            {
                using var stream = new MemoryStream(damaged);
                Explanation explanation = new CaptureAnalysis(keepAll: true, onFinding: _ => { }, mostOpen: 8).Run(CaptureReader.Open(stream));
                captures++;
                if (captures % EachReport == 0)
                {
                    _ = HtmlReport.Write(explanation, "fuzz", redactPaths: false);
                    _ = ExplanationJson.Write(explanation, redactPaths: false);
                }

                frames += explanation.Frames;
            }
            catch (NotACaptureException)
            {
                // Said in one line, as it should be.
            }
            catch (Exception exception)
            {
                throw new InvalidOperationException($"Input {i} of seed {seed}, {Convert.ToHexString(damaged)}: {exception.Message}", exception);
            }

            TimeSpan took = Stopwatch.GetElapsedTime(started);
            longest = took > longest ? took : longest;
        }

        return (captures, frames, longest);
    }

    private static byte[][] Originals()
    {
        var http = new CaptureScript();
        _ = new ScriptedExchange(http).Handshake(0).Answered(20).Request(1020).ServerFin(1022).ClientSeesAll().FromClient(1023, CaptureScript.Fin | CaptureScript.Ack).ServerAnswersWithReset(1040);
        var chunked = new CaptureScript();
        _ = new ScriptedExchange(chunked).Handshake(0).Request(20).Taken().Respond(30, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").Respond(31, "0\r\n\r\n").ServerFin(1022);
        var tls = new CaptureScript();
        _ = new ScriptedExchange(tls).Handshake(0).FromClient(20, CaptureScript.Ack, "\u0016\u0003\u0001\u0000\u0004\u0001\u0000\u0000\u0000").Taken()
            .Respond(30, "\u0016\u0003\u0003\u0000\u0002ab").FromClient(40, CaptureScript.Ack, "\u0017\u0003\u0003\u0000\u0050" + new string('x', 80)).ServerFin(41);
        var http2 = new CaptureScript();
        _ = new ScriptedExchange(http2).Handshake(0).FromClient(20, CaptureScript.Ack, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\0\0\u0001\u0001\u0005\0\0\0\u0001x").Taken()
            .Respond(30, "\0\0\u0008\u0007\0\0\0\0\0" + "\0\0\0\0\0\0\0\0").ServerFin(31);
        CaptureScript[] scripts = [http, chunked, tls, http2];
        return
        [
            .. scripts.SelectMany(script => new[] { script.ToArray(), script.ToArray(isBigEndian: true, hasNanoseconds: true), script.ToPcapNg() }),
            .. Enum.GetValues<CaptureLink>().Select(link => http.ToArray(link: link)),
            http.ToPcapNg(isBigEndian: true, resolution: 0x8A),
            http.ToPcapNg(resolution: null, isSimple: true),
            [.. http.ToPcapNg(isBigEndian: true), .. tls.ToPcapNg(link: CaptureLink.Sll2), .. http2.ToPcapNg(resolution: null)],
            Gzip(http.ToArray()),
        ];
    }

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    private static byte[] Damage(byte[] original, Random random)
    {
        byte[] damaged = (byte[])original.Clone();
        if (random.Next(4) == 0)
        {
            damaged = damaged[..random.Next(damaged.Length + 1)];
        }

        for (int left = random.Next(1, 9); left > 0 && damaged.Length > 0; left--)
        {
            int at = random.Next(damaged.Length);
            switch (random.Next(4))
            {
                case 0:
                    damaged[at] = (byte)random.Next(256);
                    break;
                case 1:
                    damaged[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    damaged[at] = random.Next(2) == 0 ? (byte)0 : (byte)255;
                    break;
                default:
                    int length = Math.Min(random.Next(1, 32), damaged.Length - at);
                    damaged.AsSpan(random.Next(damaged.Length - length + 1), length).CopyTo(damaged.AsSpan(at));
                    break;
            }
        }

        return damaged;
    }
}

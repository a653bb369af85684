using System.Globalization;
using StaleConnGuard.Measuring;

namespace StaleConnGuard.Benchmarks;

/// <summary>Writes <c>scale.md</c> and its plots.</summary>
internal static class ScaleReport
{
    private const double AllowedBytes = 300;

    // The heap's own ups and downs are some kilobytes: divided by less they say nothing.
    private const int LeastToWeigh = 100;

    public static void Write(IReadOnlyList<ScaleRow> rows, IReadOnlyList<LedgerRow> ledger, ResultOptions options)
    {
        var page = new ResultPage("scale", "Many connections, many origins", options);
        page.Add($"""
            Connections over loopback to a server in another process, all open at once and then pooled; each size and client in a process of its own. Bytes are what the heap
            of the client holds after full collections, divided by the size. The guard has its defaults and a configured server timeout; retries are on.

            ## Memory

            *connections*: so many to one origin. *origins*: so many with one connection each; what the guard adds there is an origin and a connection. The ledger keeps
            {KeepAliveDefaults.MaxOrigins:#,0} origins; connections beyond that keep what is known of theirs as long as they live. Fewer than {LeastToWeigh} are not weighed: the heap itself goes up and down by some kilobytes.
            """);
        page.AddSection("scale-memory", Memory(rows));
        page.AddSection("scale-targets", Target.Table(Targets(rows)));
        page.Add("""
            ## The first request after idleness

            All connections have been idle for too long: the server has closed them (plain), or the guard knows that it is about to (guarded) and refuses one after the other. One request meets them all.
            """);
        page.AddSection("scale-idle", Idle(rows));
        page.Add($"""
            ## The ledger alone

            It is asked once for each new connection, not for each request. *bytes*: of an entry, in a ledger made large enough, the key's text not counted; *once observed*: after one close by the server was seen. *observing*: each look-up
            also notes a reuse at an idle age of 1 s. With 10,000 origins and room for {KeepAliveDefaults.MaxOrigins:#,0} nearly every look-up makes a new entry and drops an old one. With 64 threads on few
            cores this shows that they do not stand in each other's way, not how fast 64 cores would be.
            """);
        page.AddSection("scale-ledger", Ledger(ledger));
        page.Write();
    }

    private static string Memory(IReadOnlyList<ScaleRow> rows)
    {
        var table = new MarkdownTable(" what", "how many", "plain, bytes each", "guarded, bytes each", "added");
        foreach (ScaleRow row in rows.Where(row => row.Size >= LeastToWeigh))
        {
            table.Add(Name(row.Shape), Number(row.Size), Number(row.Plain.BytesEach), Number(row.Guarded.BytesEach), Number(row.AddedBytes));
        }

        return table.ToString();
    }

    private static IEnumerable<Target> Targets(IReadOnlyList<ScaleRow> rows)
    {
        double connection = rows.Last(row => row.Shape is ScaleShape.Connections).AddedBytes;
        foreach (ScaleRow row in rows.Where(row => row.Size > LeastToWeigh))
        {
            yield return row.Shape is ScaleShape.Connections
                ? Bytes($"a pooled connection: at most {AllowedBytes} B added", row.AddedBytes, row.Size)
                : Bytes($"an origin: at most {AllowedBytes} B added besides its connection's", row.AddedBytes - connection, row.Size);
        }
    }

    private static Target Bytes(string text, double bytes, int size) => new(text, $"{Number(bytes)} B with {Number(size)}", bytes <= AllowedBytes);

    private static string Idle(IReadOnlyList<ScaleRow> rows)
    {
        var table = new MarkdownTable("connections", "plain, first", "second", "guarded, first", "second");
        foreach (ScaleRow row in rows.Where(row => row.Shape is ScaleShape.Connections))
        {
            table.Add(
                Number(row.Size), Milliseconds(row.Plain.FirstMicroseconds), Milliseconds(row.Plain.SecondMicroseconds), Milliseconds(row.Guarded.FirstMicroseconds), Milliseconds(row.Guarded.SecondMicroseconds));
        }

        return table.ToString();
    }

    private static string Ledger(IReadOnlyList<LedgerRow> rows)
    {
        var table = new MarkdownTable("origins", "bytes", "once observed", "look-up", "look-ups a second, 64 threads", "observing, 64 threads");
        foreach (LedgerRow row in rows)
        {
            table.Add(Number(row.Origins), Number(row.Bytes), Number(row.BytesOnceObserved), $"{Number(row.LookUpNanoseconds)} ns", Millions(row.LookUpsOf64Threads), Millions(row.ObservingOf64Threads));
        }

        return table.ToString();
    }

    private static string Name(ScaleShape shape) => shape is ScaleShape.Connections ? "connections" : "origins";

    private static string Number(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    private static string Milliseconds(double microseconds) => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1_000:0.0} ms");

    private static string Millions(double value) => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.0} million");
}

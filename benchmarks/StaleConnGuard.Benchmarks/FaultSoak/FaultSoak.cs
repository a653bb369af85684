using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>fault-soak [REQUESTS] [MINUTES]</c>: requests of all kinds through a client with the guard's defaults to a server that does everything that can go wrong to one in a hundred.
/// One in a hundred answers is read slowly. Every body is compared, every execution counted. Stops at the number or the time, whichever comes first, and says which. Fails when an answer was wrong or another's, when a
/// non-idempotent request was executed twice, or when memory at the end is more than 5 % above that after a tenth.
/// </summary>
internal sealed class FaultSoak(int requests, TimeSpan limit, Uri[] addresses)
{
    private const int Workers = 48;

    private readonly byte[] _noise = SoakHost.Noise(seed: 5);
    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private readonly List<(int Percent, double Heap, double WorkingSet)> _memory = [];
    private readonly Stopwatch _watch = new();
    private int _next = -1;
    private int _answered;
    private int _unavailable;
    private int _failed;
    private int _cut;
    private int _wrong;
    private int _crossed;

    /// <summary>Two of three requests are POSTs.</summary>
    public static bool IsNonIdempotent(int id) => id % 3 != 0;

    public static async Task<int> RunAsync(string[] args)
    {
        int requests = args.Length > 0 ? int.Parse(args[0], NumberStyles.AllowThousands, CultureInfo.InvariantCulture) : 10_000_000;
        var limit = TimeSpan.FromMinutes(args.Length > 1 ? double.Parse(args[1], CultureInfo.InvariantCulture) : 120);
        using Process server = Child.Start(FaultSoakServer.Command, requests.ToString(CultureInfo.InvariantCulture));
        string[] ports = (await server.StandardOutput.ReadLineAsync())!.Split(' ');
        Uri[] addresses = [.. ports.Select(static (port, i) => new Uri(string.Create(CultureInfo.InvariantCulture, $"{(i % 2 == 0 ? "http" : "https")}://127.0.0.1:{port}/")))];
        var soak = new FaultSoak(requests, limit, addresses);
        await soak.SendAllAsync();
        server.StandardInput.Close();
        string[] said = (await server.StandardOutput.ReadToEndAsync()).Trim().Split(' ');
        await server.WaitForExitAsync();
        return soak.Report(said) ? 0 : 1;
    }

    private async Task SendAllAsync()
    {
        await Task.Delay(1000);
        using var client = new HttpClient(StaleConnGuardHandler.Create(handler: new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true } }));
        _watch.Start();
        Task working = Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => WorkAsync(client, worker))));
        for (int percent = 10; percent <= 100; percent += 10)
        {
            // Of the number or of the time, whichever is nearer.
            while (!working.IsCompleted && Math.Max((double)_next / requests, _watch.Elapsed / limit) * 100 < percent)
            {
                await Task.Delay(50);
            }

            if (percent == 100)
            {
                await working;
            }

            NoteMemory(percent);
        }

        _watch.Stop();
    }

    private void NoteMemory(int percent)
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        using var self = Process.GetCurrentProcess();
        _memory.Add((percent, GC.GetTotalMemory(false) / 1e6, self.WorkingSet64 / 1e6));
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{percent} %: {_watch.Elapsed.TotalSeconds:0} s, {_next} requests, heap {_memory[^1].Heap:0.0} MB, working set {_memory[^1].WorkingSet:0} MB, failed {_failed}, wrong {_wrong}, crossed {_crossed}"));
    }

    private async Task WorkAsync(HttpClient client, int worker)
    {
        var random = new Random(worker);
        byte[] received = new byte[FaultSoakServer.MaxBody + 1];
        while (_watch.Elapsed < limit && Interlocked.Increment(ref _next) is int id && id < requests)
        {
            int length = random.Next(20) == 0 ? random.Next(FaultSoakServer.MaxBody) : random.Next(1_000);
            await SendAsync(client, random, id, random.Next(_noise.Length - length), length, received);
        }
    }

    private async Task SendAsync(HttpClient client, Random random, int id, int offset, int length, byte[] received)
    {
        using HttpRequestMessage request = Make(random, id, offset, ref length);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                Interlocked.Increment(ref _unavailable);
                return;
            }

            if (!response.Headers.TryGetValues("X-Id", out IEnumerable<string>? values) || values.Single() != id.ToString(CultureInfo.InvariantCulture))
            {
                Interlocked.Increment(ref _crossed);
            }

            await using Stream body = await response.Content.ReadAsStreamAsync();
            int count = random.Next(100) == 0
                ? await ReadSlowlyAsync(body, received)
                : await body.ReadAtLeastAsync(received, received.Length, throwOnEndOfStream: false);
            Interlocked.Increment(ref received.AsSpan(0, count).SequenceEqual(_noise.AsSpan(offset, length)) ? ref _answered : ref _wrong);
        }
        catch (Exception e) when (e is HttpIOException or IOException)
        {
            // The head was whole, and the body was not: said, not passed over.
            Interlocked.Increment(ref _cut);
        }
        catch (Exception e)
        {
            Interlocked.Increment(ref _failed);
            _failures.AddOrUpdate($"{e.GetType().Name} {(e as HttpRequestException)?.HttpRequestError} {(e as StaleConnectionException)?.Decision}{Words(e)}", 1, static (_, count) => count + 1);
        }
    }

    /// <summary>What the runtime says of an answer that was no HTTP, or of what has no name: that must be looked into.</summary>
    private static string Words(Exception e)
    {
        if (e is not HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.Unknown })
        {
            return "";
        }

        string said = e.GetBaseException().Message;
        return $"\"{said[..Math.Min(said.Length, 60)]}\"";
    }

    /// <summary>As an application that does other things between its reads.</summary>
    private static async Task<int> ReadSlowlyAsync(Stream body, byte[] received)
    {
        int count = 0;
        while (await body.ReadAsync(received.AsMemory(count, Math.Min(1_000, received.Length - count))) is int more and > 0)
        {
            count += more;
            await Task.Delay(5);
        }

        return count;
    }

    private HttpRequestMessage Make(Random random, int id, int offset, ref int length)
    {
        int address = random.Next(addresses.Length);
        var request = new HttpRequestMessage(IsNonIdempotent(id) ? HttpMethod.Post : random.Next(2) == 0 ? HttpMethod.Get : HttpMethod.Put, new Uri(addresses[address], id.ToString(CultureInfo.InvariantCulture)))
        {
            Version = address < 2 ? HttpVersion.Version11 : HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (request.Method == HttpMethod.Get)
        {
            length = 0;
            return request;
        }

        request.Content = random.Next(6) switch
        {
            0 => null,
            1 => new StreamContent(new MemoryStream(_noise, offset, length, writable: false)),
            2 => new StreamContent(new BufferedStream(new OneShotStream(_noise, offset, length))),
            3 => new ReadOnlyMemoryContent(_noise.AsMemory(offset, length)),
            4 => new PushContent(_noise.AsMemory(offset, length)),
            _ => new ByteArrayContent(_noise, offset, length),
        };
        length = request.Content is null ? 0 : length;
        return request;
    }

    private bool Report(string[] server)
    {
        int sent = Math.Min(_next + 1, requests);
        (double heapBefore, double heapAfter) = (_memory[0].Heap, _memory[^1].Heap);
        var text = new StringBuilder();
        var table = new MarkdownTable(" what", "how many");
        void Add(string what, string count) => table.Add(what, count);
        void AddNumber(string what, int count) => Add(what, count.ToString("N0", CultureInfo.InvariantCulture));
        AddNumber("requests", sent);
        AddNumber("answered, every byte compared", _answered);
        AddNumber("503 in the end", _unavailable);
        AddNumber("failed with an exception", _failed);
        AddNumber("cut off within the body, and said so", _cut);
        AddNumber("**wrong bodies**", _wrong);
        AddNumber("**another request's answer**", _crossed);
        AddNumber("**non-idempotent, executed twice**", int.Parse(server[1], CultureInfo.InvariantCulture));
        AddNumber("executed by the server", int.Parse(server[0], CultureInfo.InvariantCulture));
        AddNumber("restarts of the server", int.Parse(server[2], CultureInfo.InvariantCulture));
        Add("heap after a full collection at 10 % and at 100 %", string.Create(CultureInfo.InvariantCulture, $"{heapBefore:0.0} MB, {heapAfter:0.0} MB"));
        Add("working set at 10 % and at 100 %", string.Create(CultureInfo.InvariantCulture, $"{_memory[0].WorkingSet:0} MB, {_memory[^1].WorkingSet:0} MB"));
        Add("time, requests a second", string.Create(CultureInfo.InvariantCulture, $"{_watch.Elapsed.TotalMinutes:0.0} min, {sent / _watch.Elapsed.TotalSeconds:N0}"));
        text.AppendLine(table.ToString());
        text.AppendLine(CultureInfo.InvariantCulture, $"\n{(sent < requests ? $"Stopped by the clock at {sent:N0} of {requests:N0}. " : "")}What was done by the server: {server[3].Replace(",", ", ", StringComparison.Ordinal)}. What failed: {string.Join("; ", _failures.OrderByDescending(static one => one.Value).Select(static one => $"{one.Value} × {one.Key.Trim()}"))}.");
        Console.WriteLine(text);
        return _wrong == 0 && _crossed == 0 && server[1] == "0" && heapAfter <= heapBefore * 1.05;
    }

    /// <summary>Content of an application that pushes its bytes, of a length that nobody knows.</summary>
    private sealed class PushContent(ReadOnlyMemory<byte> bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes[..(bytes.Length / 2)]);
            await Task.Yield();
            await stream.WriteAsync(bytes[(bytes.Length / 2)..]);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

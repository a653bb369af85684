using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using StaleConnGuard.Measuring;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Benchmarks;

/// <summary>
/// <c>duress-client plain|guarded ADDRESS|own SECONDS WORKERS LARGEST [starved]</c>, in a process of its own that its parent makes suffer: GETs and POSTs with pauses, some of them
/// synchronous, every body compared. With a server of its own where the two have to share a network namespace.
/// </summary>
internal sealed class DuressClient(HttpClient client, Uri address, TimeSpan duration, int largest)
{
    public const string Command = "duress-client";

    private readonly ConcurrentQueue<double> _took = new();
    private readonly ConcurrentQueue<string> _posted = new();
    private readonly ConcurrentDictionary<string, int> _failures = new(StringComparer.Ordinal);
    private int _sent;
    private int _failed;
    private int _wrong;

    public static async Task<int> RunAsync(string[] args)
    {
        bool guarded = args[0] == "guarded";
        await using ScriptedServer? own = args[1] == "own" ? HostileServer.Start(seed: 3) : null;
        Uri address = own?.Uri ?? new Uri(args[1]);
        int workers = int.Parse(args[3], CultureInfo.InvariantCulture);
        using var decisions = new GuardTally();
        using var client = new HttpClient(MakeHandler(guarded)) { Timeout = TimeSpan.FromSeconds(10) };
        var run = new DuressClient(client, address, TimeSpan.FromSeconds(int.Parse(args[2], CultureInfo.InvariantCulture)), int.Parse(args[4], CultureInfo.InvariantCulture));
        Console.WriteLine("ready");
        ThreadPool.SetMinThreads(8, 4);
        if (args.Contains("starved"))
        {
            StarvePool();
        }

        // Who sends synchronously does so on a thread of its own: on threads of a pool that has no more of them, a new connection would never be made, by either client.
        // All threads are there before the first connection is: without a file descriptor the runtime cannot make one, and ends the process.
        using var go = new ManualResetEventSlim();
        Task[] working = [.. Enumerable.Range(0, workers).Select(worker => worker % 2 == 0
            ? Task.Run(async () =>
            {
                await Task.Delay(1000);
                await run.WorkAsync(worker);
            })
            : Task.Factory.StartNew(() => run.Work(worker, go), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        await Task.Delay(1000);
        go.Set();
        await Task.WhenAll(working);
        DuressResult result = run.Result();
        if (own is not null)
        {
            result = result with { Twice = Twice(own, run._posted) };
        }

        foreach ((string kind, int count) in run._failures)
        {
            await Console.Error.WriteLineAsync($"{args[0]}: {count} × {kind}");
        }

        foreach ((string decision, long count) in decisions.Counts.OrderByDescending(static one => one.Value))
        {
            await Console.Error.WriteLineAsync($"{args[0]}: {count} × {decision}");
        }

        if (own is not null)
        {
            await Console.Error.WriteLineAsync($"{args[0]}: {HeldPorts.Count(own.Uri.Port)} ports of the client in TIME_WAIT at the end");
        }

        Console.WriteLine(result.ToLine());
        return 0;
    }

    /// <summary>How many ids of non-idempotent requests were executed more than once; they begin with a letter of their own.</summary>
    public static int Twice(ScriptedServer server, IEnumerable<string>? ids = null) =>
        (ids ?? server.Executions.Keys.Where(static id => id.StartsWith('p'))).Count(id => server.Executions.GetValueOrDefault(id) > 1);

    private static HttpMessageHandler MakeHandler(bool guarded) => guarded ? StaleConnGuardHandler.Create() : new SocketsHttpHandler();

    private static void StarvePool()
    {
        ThreadPool.SetMinThreads(2, 2);
        ThreadPool.SetMaxThreads(Math.Max(4, Environment.ProcessorCount), 4);
        for (int i = 0; i < 16; i++)
        {
            ThreadPool.QueueUserWorkItem(static _ => Occupy());
        }
    }

    private static void Occupy()
    {
        using (var never = new ManualResetEventSlim())
        {
            never.Wait(40);
        }

        ThreadPool.QueueUserWorkItem(static _ => Occupy());
    }

    private async Task WorkAsync(int worker)
    {
        var random = new Random(worker);
        var watch = Stopwatch.StartNew();
        for (int i = 0; watch.Elapsed < duration; i++)
        {
            await Task.Delay(random.Next(0, 140));
            await SendAsync(sync: false, random, IdOf(worker, i));
        }
    }

    private void Work(int worker, ManualResetEventSlim go)
    {
        go.Wait();
        var random = new Random(worker);
        var watch = Stopwatch.StartNew();
        using var pause = new ManualResetEventSlim();
        for (int i = 0; watch.Elapsed < duration; i++)
        {
            pause.Wait(random.Next(0, 140));
            Task sending = SendAsync(sync: true, random, IdOf(worker, i));
            Debug.Assert(sending.IsCompleted, "Nothing was waited for but by the thread itself.");
        }
    }

    private static string IdOf(int worker, int i) => string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{worker}-{i}");

    private async Task SendAsync(bool sync, Random random, string name)
    {
        bool post = random.Next(2) == 0;
        string id = $"{(post ? 'p' : 'g')}-{name}";
        byte[] body = post ? new byte[random.Next(1, random.Next(10) == 0 ? largest : 2_000)] : [];
        random.NextBytes(body);
        using var request = new HttpRequestMessage(post ? HttpMethod.Post : HttpMethod.Get, address) { Content = post ? new ByteArrayContent(body) : null };
        request.Headers.Add("X-Request-Id", id);
        _ = Interlocked.Increment(ref _sent);
        if (post)
        {
            _posted.Enqueue(id);
        }

        long started = Stopwatch.GetTimestamp();
        try
        {
            using HttpResponseMessage response = sync ? client.Send(request) : await client.SendAsync(request);
            byte[] answer = await response.Content.ReadAsByteArrayAsync();
            if (response.StatusCode != HttpStatusCode.OK || !answer.AsSpan().SequenceEqual(body) || response.Headers.GetValues("X-Request-Id").Single() != id)
            {
                _ = Interlocked.Increment(ref _wrong);
            }
        }
        catch (Exception e)
        {
            _ = Interlocked.Increment(ref _failed);
            string kind = $"{e.GetType().Name} {(e as HttpRequestException)?.HttpRequestError} {e.InnerException?.GetType().Name} {(e.GetBaseException() as System.Net.Sockets.SocketException)?.SocketErrorCode}";
            _failures.AddOrUpdate(kind, 1, static (_, count) => count + 1);
        }

        _took.Enqueue(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    private DuressResult Result()
    {
        var distribution = new Distribution([.. _took]);
        return new DuressResult(_sent, _failed, _wrong, Twice: 0, distribution.Median ?? 0, distribution.Max ?? 0);
    }
}

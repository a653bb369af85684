using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>The caller's cancellation and time-outs are no stale hits: the exception is that of the plain client and nothing is replayed.</summary>
public class CancellationTests
{
    /// <summary>Where the request is when it is cancelled.</summary>
    public enum Moment
    {
        BeforeCheckout,
        Connecting,
        WaitingForAConnection,
        BetweenLookAndWrite,
        WritingABody,
        WaitingForTheResponse,
        ReadingTheBody,
        ReplayConnecting,
        ReplayWaitingForTheResponse,
    }

    public enum Means
    {
        Token,
        Timeout,
        Dispose,
    }

    public static TheoryData<Moment, Means, bool> Cancellations()
    {
        var data = new TheoryData<Moment, Means, bool>();
        foreach (Moment moment in Enum.GetValues<Moment>())
        {
            data.Add(moment, Means.Token, false);
            data.Add(moment, Means.Token, true);
            if (moment is not (Moment.BeforeCheckout or Moment.ReadingTheBody))
            {
                data.Add(moment, Means.Timeout, false);
                data.Add(moment, Means.Dispose, false);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Cancellations))]
    public async Task Request_Cancelled_ThrowsAsThePlainClientAndIsNotReplayed(Moment moment, Means means, bool sync)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedServer(connection => ServeAsync(connection, moment, reached, release.Task));
        using var cancellation = new CancellationTokenSource();
        using var client = new GuardedClient(configure: handler => Configure(handler, moment, reached, release.Task));
        client.BeforeWrite = async (connection, write) =>
        {
            if (connection == 0 && write == 1 && moment is Moment.BetweenLookAndWrite)
            {
                reached.TrySetResult();
                await Task.WhenAny(release.Task, Task.Delay(400));
            }
        };
        if (moment is not (Moment.Connecting or Moment.WaitingForAConnection))
        {
            await client.GetAsync(new Uri(server.Uri, "/warm"));
        }

        Task<string>? holding = moment is Moment.WaitingForAConnection ? client.GetAsync(new Uri(server.Uri, "/held")) : null;
        if (moment is Moment.BeforeCheckout)
        {
            await cancellation.CancelAsync();
            reached.TrySetResult();
        }

        if (holding is not null)
        {
            await reached.Task;
        }

        string method = moment is Moment.ReplayConnecting or Moment.ReplayWaitingForTheResponse ? "PUT" : "POST";
        using HttpRequestMessage request = GuardedClient.Request(method, new Uri(server.Uri, "/"), "bytes");
        if (moment is Moment.WritingABody)
        {
            request.Content = new ByteArrayContent(new byte[64_000_000]);
        }

        // HttpClient.Timeout cannot be changed once a request was sent, so it belongs to a client of its own on the same handler.
        var http = new HttpClient(client.Handler, disposeHandler: means is Means.Dispose) { Timeout = means is Means.Timeout ? TimeSpan.FromMilliseconds(300) : Timeout.InfiniteTimeSpan };
        Task<HttpResponseMessage> sending = sync ? Task.Run(() => http.Send(request, cancellation.Token)) : http.SendAsync(request, cancellation.Token);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(10));
        switch (means)
        {
            case Means.Token:
                await cancellation.CancelAsync();
                break;
            case Means.Dispose:
                await Task.Yield();
                http.Dispose();
                break;
        }

        OperationCanceledException e = await CancelledAsync(sending);

        (e.InnerException is TimeoutException).ShouldBe(means is Means.Timeout);
        if (means is Means.Token)
        {
            e.CancellationToken.ShouldBe(cancellation.Token);
        }

        release.SetResult();
        if (holding is not null)
        {
            (await Task.WhenAny(holding)).IsFaulted.ShouldBeFalse();
        }

        server.Executions.GetValueOrDefault("raced").ShouldBeLessThanOrEqualTo(1);
        client.Observer.Hits.ShouldAllBe(h => h.Decision == ReplayDecision.SurfaceCancelled || moment >= Moment.ReplayConnecting);
        http.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_CancelledWhileEvidenceIsGathered_ThrowsAsThePlainClient(bool sync)
    {
        // TLS says end-of-stream with its close_notify; the FIN is held back, so the guard waits for the kernel's word.
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var notified = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancellation = new CancellationTokenSource();
        await using var server = new ScriptedServer(
            async connection =>
            {
                await connection.AnswerAsync((await connection.ReadRequestAsync())!);
                connection.Execute((await connection.ReadRequestAsync())!);
                await ((System.Net.Security.SslStream)connection.Stream).ShutdownAsync();
                notified.SetResult();
                await release.Task;
            },
            tls: true);
        using var client = new GuardedClient();
        await client.GetAsync(server.Uri);

        Task<HttpResponseMessage> sending = client.SendAsync(GuardedClient.Request("PUT", server.Uri, "bytes"), sync, cancellationToken: cancellation.Token);
        await notified.Task;
        await Task.Delay(30);
        await cancellation.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(sending);
        release.SetResult();
        server.Executions["raced"].ShouldBe(1);
        server.Connections.ShouldBe(1);
    }

    private static bool IsOfAnotherTest(string line) =>
        line.Contains(" StaleConnGuard.WireTests.", StringComparison.Ordinal) && !line.Contains(nameof(CancellationTests), StringComparison.Ordinal);

    private static bool IsLibraryFrame(string line)
    {
        string frame = line.Trim();
        string[] others = ["at StaleConnGuard.WireTests.", "at StaleConnGuard.Testing.", "at StaleConnGuard.Racing.", "at StaleConnGuard.Lab.", "at StaleConnGuard.Cli."];
        return frame.StartsWith("at StaleConnGuard.", StringComparison.Ordinal) && !others.Any(other => frame.StartsWith(other, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Failures_OfEveryKind_LeaveNoUnobservedException()
    {
        const string Control = "left unobserved on purpose";
        bool controlSeen = false;
        var unobserved = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            // Other tests run in this process; only what came through the library counts, and not to a task that another test has left alone.
            string text = e.Exception.ToString();
            controlSeen |= text.Contains(Control, StringComparison.Ordinal);
            string[] frames = text.Split('\n');
            if (frames.Any(IsLibraryFrame) && !frames.Any(IsOfAnotherTest))
            {
                unobserved.Enqueue(e.Exception);
            }
        }

        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            foreach (Ending ending in new[] { Ending.Close, Ending.Reset })
            {
                foreach (string method in new[] { "POST", "PUT" })
                {
                    foreach (bool tls in new[] { false, true })
                    {
                        await FailAsync(method, ending, tls);
                    }
                }
            }

            LeaveUnobserved(Control);
            for (int i = 0; i < 100 && !controlSeen; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                await Task.Delay(10);
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        controlSeen.ShouldBeTrue();
        unobserved.ShouldBeEmpty();
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void LeaveUnobserved(string message) => _ = Task.FromException(new InvalidOperationException(message));

    // Awaited as an application does: what is thrown then has the time-out inside, which the task alone does not tell.
    private static async Task<OperationCanceledException> CancelledAsync(Task sending)
    {
        try
        {
            await sending;
        }
        catch (OperationCanceledException e)
        {
            return e;
        }

        throw new InvalidOperationException("It was not cancelled.");
    }

    private static async Task FailAsync(string method, Ending ending, bool tls)
    {
        await using var race = new StaleRace(guarded: true, tls, ending);
        await race.WarmUpAsync();
        try
        {
            using HttpResponseMessage response = await race.SendAsync(ReplayTests.Request(method, "bytes"));
        }
        catch (StaleConnectionException)
        {
            // A POST that was reset surfaces.
        }

        race.Happened.ShouldBeTrue();
    }

    private static void Configure(SocketsHttpHandler handler, Moment moment, TaskCompletionSource reached, Task release)
    {
        if (moment is Moment.WaitingForAConnection)
        {
            handler.MaxConnectionsPerServer = 1;
        }

        int connects = 0;
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            int connect = Interlocked.Increment(ref connects);
            if ((moment is Moment.Connecting && connect == 1) || (moment is Moment.ReplayConnecting && connect == 2))
            {
                reached.TrySetResult();
                await release.WaitAsync(cancellationToken);
            }

            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        };
    }

    private static async Task ServeAsync(ScriptedConnection connection, Moment moment, TaskCompletionSource reached, Task release)
    {
        while (await connection.ReadRequestAsync(readBody: moment is not Moment.WritingABody) is ScriptedRequest request)
        {
            if (request.Target == "/warm")
            {
                await connection.AnswerAsync(request);
                continue;
            }

            switch (moment)
            {
                case Moment.ReplayConnecting or Moment.ReplayWaitingForTheResponse when connection.Index == 0:
                    connection.Reset();
                    return;
                case Moment.ReadingTheBody:
                    connection.Execute(request);
                    await connection.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
                    reached.TrySetResult();
                    await release;
                    return;
                default:
                    reached.TrySetResult();
                    await release;
                    await connection.AnswerAsync(request);
                    return;
            }
        }
    }
}

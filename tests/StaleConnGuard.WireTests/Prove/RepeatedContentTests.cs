using System.Net;
using System.Net.Http.Json;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>A body that is sent again must be the same body, and content keeps the promises it makes without the guard.</summary>
public class RepeatedContentTests
{
    [Theory]
    [InlineData("iterator")]
    [InlineData("async")]
    public async Task Json_ValueThatCanBeEnumeratedOnce_IsNeverSentEmpty(string kind)
    {
        List<string> bodies = [];
        await using var race = new StaleRace(guarded: true, onRequest: request => bodies.Add(Encoding.UTF8.GetString(request.Body)));
        await race.WarmUpAsync();
        var once = new Queue<int>([1, 2, 3]);
        HttpRequestMessage request = ReplayTests.Request("POST", "none");
        request.Content = kind == "async" ? JsonContent.Create(DrainAsync(once)) : JsonContent.Create(Drain(once));

        try
        {
            using HttpResponseMessage response = await race.SendAsync(request);
        }
        catch (StaleConnectionException e)
        {
            // The end may come while the body is on its way; then it is surfaced, and never another body sent.
            e.Decision.ShouldBe(ReplayDecision.SurfaceBodyConsumed);
        }

        race.Happened.ShouldBeTrue();
        bodies.ShouldAllBe(b => b.Length == 0 || b == "[1,2,3]");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Http2_StreamContentAnsweredEarly_IsSentWholeBeforeTheResponseIsHandedOver(bool guarded)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        using var client = new GuardedClient(guarded);
        bool finished = false;
        using HttpRequestMessage request = GuardedClient.Request("POST", new Uri(host.Secure, "/early"));
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        request.Content = new StreamContent(new PipedStream(new MemoryStream(new byte[200]), beforeRead: async read =>
        {
            if (read == 1)
            {
                await Task.Delay(100);
                finished = true;
            }
        }));

        using HttpResponseMessage response = await client.SendAsync(request, completion: HttpCompletionOption.ResponseHeadersRead);

        response.Version.ShouldBe(HttpVersion.Version20);
        finished.ShouldBeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Http2_DuplexContent_GetsItsResponseWhileItStillWrites(bool guarded)
    {
        await using EchoHost host = await EchoHost.StartAsync();
        using var client = new GuardedClient(guarded);
        var content = new HeldContent();
        using HttpRequestMessage request = GuardedClient.Request("POST", new Uri(host.Secure, "/early"));
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        request.Content = content;

        using HttpResponseMessage response = await client.SendAsync(request, completion: HttpCompletionOption.ResponseHeadersRead);

        response.Version.ShouldBe(HttpVersion.Version20);
        content.Finish();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Request_AfterItsResponse_IsNotKeptAliveByThePooledConnection(bool guarded)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new GuardedClient(guarded);

        WeakReference content = await SendAndForgetAsync(client, server.Uri);
        for (int i = 0; i < 50 && content.IsAlive; i++)
        {
            await Task.Delay(20);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        content.IsAlive.ShouldBeFalse();
        (await client.GetAsync(server.Uri)).ShouldBe("ok");
        server.Connections.ShouldBe(1);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> SendAndForgetAsync(GuardedClient client, Uri uri)
    {
        using HttpRequestMessage request = GuardedClient.Request("POST", uri, "bytes");
        using HttpResponseMessage response = await client.SendAsync(request);
        return new WeakReference(request.Content);
    }

    private static IEnumerable<int> Drain(Queue<int> once)
    {
        while (once.TryDequeue(out int item))
        {
            yield return item;
        }
    }

    private static async IAsyncEnumerable<int> DrainAsync(Queue<int> once)
    {
        while (once.TryDequeue(out int item))
        {
            await Task.Yield();
            yield return item;
        }
    }

    private sealed class HeldContent : HttpContent
    {
        private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Finish() => _finished.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[] { 1 });
            await stream.FlushAsync();
            await _finished.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Polly;
using Polly.CircuitBreaker;
using StaleConnGuard.Testing;
using static StaleConnGuard.WireTests.Prove.ReplayTests;

namespace StaleConnGuard.WireTests.Recover;

/// <summary>Retries over the runtime's real handler: its redirects, its exceptions, its connections.</summary>
public class RetryWireTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Get_503BehindARedirect_RepeatsTheOriginalWithItsCredentials(bool sync)
    {
        var seen = new ConcurrentQueue<string>();
        int targets = 0;
        await using ScriptedServer server = Serve(async (connection, request) =>
        {
            seen.Enqueue($"{request.Target} {request.Headers.GetValueOrDefault("Authorization")}".Trim());
            await (request.Target == "/start"
                ? connection.AnswerAsync(request, 302, headers: "Location: /target\r\n")
                : connection.AnswerAsync(request, targets++ == 0 ? 503 : 200));
        });
        using HttpClient client = RetryClient.Create();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Uri, "start"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "t");
        using HttpResponseMessage response = await client.SendAsync(request, sync);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        seen.ShouldBe(["/start Bearer t", "/target", "/start Bearer t", "/target"]);
    }

    [Fact]
    public async Task Post_503BehindARedirectThatMadeItAGet_IsSentOnce()
    {
        var seen = new ConcurrentQueue<string>();
        await using ScriptedServer server = Serve(async (connection, request) =>
        {
            seen.Enqueue($"{request.Method} {request.Target}");
            await (request.Target == "/start"
                ? connection.AnswerAsync(request, 303, headers: "Location: /target\r\n")
                : connection.AnswerAsync(request, 503));
        });
        using HttpClient client = RetryClient.Create();
        using HttpResponseMessage response = await client.PostAsync(new Uri(server.Uri, "start"), new StringContent("order"));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        seen.ShouldBe(["POST /start", "GET /target"]);
    }

    [Fact]
    public async Task Post_RedirectedToASilentPort_IsSentOnce()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using ScriptedServer server = Serve((connection, request) => connection.AnswerAsync(request, 303, headers: $"Location: http://{closed.LocalEndPoint}/\r\n"));
        using HttpClient client = RetryClient.Create();
        HttpRequestException e = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.PostAsync(server.Uri, new StringContent("order")));
        e.HttpRequestError.ShouldBe(HttpRequestError.ConnectionError);
        server.TotalExecutions.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_ConnectRefusedAtFirst_IsRetriedWithItsOneShotBody(bool timesOut)
    {
        await using ScriptedServer server = Serve((connection, request) => connection.AnswerAsync(request, body: System.Text.Encoding.UTF8.GetString(request.Body)));
        int connects = 0;
        using HttpClient client = RetryClient.Create(handler: new SocketsHttpHandler
        {
            ConnectTimeout = timesOut ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(30),
            ConnectCallback = async (context, cancellationToken) =>
            {
                if (connects++ == 0)
                {
                    // The runtime's own time-out: this pins the words it is known by.
                    await (timesOut ? Task.Delay(Timeout.Infinite, cancellationToken) : Task.FromException(new SocketException((int)SocketError.ConnectionRefused)));
                }

                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, CancellationToken.None);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using HttpResponseMessage response = await client.PostAsync(server.Uri, new StreamContent(new OneShotStream("order"u8.ToArray())));
        (await response.Content.ReadAsStringAsync()).ShouldBe("order");
        connects.ShouldBe(2);
        server.TotalExecutions.ShouldBe(1);
    }

    [Fact]
    public async Task HealedStaleHits_BreakerAbove_StaysClosed()
    {
        int opened = 0;
        await using var server = new ScriptedServer(async connection =>
        {
            // Each connection answers one request and dies over the next.
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await connection.ReadRequestAsync();
            await connection.CloseAsync();
        });
        using HttpClient client = RetryClient.Create(o => o.ConfigurePipeline = pipeline => pipeline.AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
        {
            MinimumThroughput = 2,
            FailureRatio = 0.01,
            ShouldHandle = new PredicateBuilder<HttpResponseMessage>().Handle<HttpRequestException>(),
            OnOpened = _ =>
            {
                opened++;
                return default;
            },
        }));
        for (int i = 0; i < 20; i++)
        {
            using HttpResponseMessage response = await client.PutAsync(server.Uri, new StringContent("data"));
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        server.Connections.ShouldBeGreaterThan(10);
        opened.ShouldBe(0);
    }

    [Fact]
    public async Task R20_HeadersOfTheCaller_GoOutUnchangedOnEveryAttempt()
    {
        var dates = new ConcurrentQueue<string>();
        await using ScriptedServer server = Serve((connection, request) =>
        {
            dates.Enqueue(request.Headers["Date"] + request.Headers["Authorization"]);
            return connection.AnswerAsync(request, dates.Count < 3 ? 503 : 200);
        });
        using HttpClient client = RetryClient.Create();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);
        request.Headers.Date = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        request.Headers.Authorization = new AuthenticationHeaderValue("Signature", "s1");
        using HttpResponseMessage response = await client.SendAsync(request);
        dates.ShouldBe(Enumerable.Repeat("Sun, 01 Mar 2026 12:00:00 GMTSignature s1", 3));
    }

    [Fact]
    public async Task R20_SigningHandlerBelowTheRetries_SignsEveryAttempt()
    {
        var signatures = new ConcurrentQueue<string>();
        await using ScriptedServer server = Serve((connection, request) =>
        {
            signatures.Enqueue(request.Headers["Authorization"]);
            return connection.AnswerAsync(request, signatures.Count < 3 ? 503 : 200);
        });
        var signer = new Signer { InnerHandler = StaleConnGuardHandler.Create(new StaleConnGuardOptions { Retry = { Enabled = false } }) };
        var retry = new RetryHandler(new RetryOptions { BaseDelay = TimeSpan.Zero }, new ReplayOptions(), new RetryServices { Budgets = new RetryBudgetRegistry(TimeProvider.System) }) { InnerHandler = signer };
        using var client = new HttpClient(retry);
        using HttpResponseMessage response = await client.SendAsync(Request("GET", "none").To(server.Uri));
        signatures.ShouldBe(["Signature 1", "Signature 2", "Signature 3"]);
    }

    private static ScriptedServer Serve(Func<ScriptedConnection, ScriptedRequest, Task> answer) => new(async connection =>
    {
        while (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            await answer(connection, request);
        }
    });

    private sealed class Signer : DelegatingHandler
    {
        private int _signed;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Signature", $"{++_signed}");
            return base.SendAsync(request, cancellationToken);
        }
    }
}

internal static class RequestExtensions
{
    public static HttpRequestMessage To(this HttpRequestMessage request, Uri uri)
    {
        request.RequestUri = uri;
        return request;
    }
}

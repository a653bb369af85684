using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Testing;
using WireMock;

namespace StaleConnGuard.WireTests.Recover;

/// <summary>The retries against WireMock.Net; its journal says how many attempts came.</summary>
public sealed class WireMockTests(StubServer server) : IClassFixture<StubServer>, IDisposable
{
    private readonly StubServer _server = server;
    private readonly HttpClient _client = RetryClient.Create();
    private readonly string _path = $"/{Guid.NewGuid():N}";

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData(502, false)]
    [InlineData(502, true)]
    [InlineData(503, false)]
    [InlineData(503, true)]
    [InlineData(504, false)]
    [InlineData(504, true)]
    public async Task Get_FailsOnceThenAnswers_IsSentTwice(int status, bool sync)
    {
        _server.Stub(_path, StubServer.Status(status), StubServer.Status(200));
        using HttpResponseMessage response = await _client.SendAsync(Request(HttpMethod.Get), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _server.JournalAsync(_path, 2)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Get_AlwaysUnavailable_IsSentFourTimesOverOneConnection()
    {
        _server.Stub(_path, StubServer.Status(503));
        int connections = 0;
        using HttpClient client = RetryClient.Create(handler: new SocketsHttpHandler
        {
            // An attempt can only go on once the connection of the one before is given back.
            MaxConnectionsPerServer = 1,
            PlaintextStreamFilter = (context, _) =>
            {
                connections++;
                return ValueTask.FromResult(context.PlaintextStream);
            },
        });
        using HttpResponseMessage response = await client.SendAsync(Request(HttpMethod.Get));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await response.Content.ReadAsStringAsync()).ShouldBe("answer");
        (await _server.JournalAsync(_path, 4)).Count.ShouldBe(4);
        // What was dropped was disposed: its connection went back to the pool and carried the next attempt.
        connections.ShouldBe(1);
    }

    [Fact]
    public async Task Post_Unavailable_IsSentOnce()
    {
        _server.Stub(_path, StubServer.Status(503), StubServer.Status(200));
        using HttpResponseMessage response = await _client.SendAsync(Request(HttpMethod.Post, new StringContent("order")));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await _server.JournalAsync(_path, 1)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Post_UnavailableWithIdempotencyKey_IsRetriedWithOneKey()
    {
        _server.Stub(_path, StubServer.Status(503), StubServer.Status(502), StubServer.Status(201));
        HttpRequestMessage request = Request(HttpMethod.Post, new StringContent("order"));
        request.Headers.Add("Idempotency-Key", "\"8e03978e\"");
        using HttpResponseMessage response = await _client.SendAsync(request);
        response.StatusCode.ShouldBe(HttpStatusCode.Created);
        IReadOnlyList<IRequestMessage> seen = await _server.JournalAsync(_path, 3);
        seen.SelectMany(r => r.Headers!["Idempotency-Key"]).ShouldBe(["\"8e03978e\"", "\"8e03978e\"", "\"8e03978e\""]);
        seen.Select(r => r.Body).ShouldBe(["order", "order", "order"]);
    }

    [Fact]
    public async Task Put_OneShotBodyKept_IsSentAgainWhole()
    {
        _server.Stub(_path, StubServer.Status(503), StubServer.Status(200));
        using HttpClient client = RetryClient.Create(replay: r => r.BufferOneShotUpTo = 100);
        using HttpResponseMessage response = await client.SendAsync(Request(HttpMethod.Put, new StreamContent(new OneShotStream("upload"u8.ToArray()))));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _server.JournalAsync(_path, 2)).Select(r => r.Body).ShouldBe(["upload", "upload"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Put_OneShotBodyTooLargeToKeep_IsSentOnceWhole(bool sync)
    {
        _server.Stub(_path, StubServer.Status(503), StubServer.Status(200));
        string body = new('x', 50_000);
        using HttpClient client = RetryClient.Create(replay: r => r.BufferOneShotUpTo = 100);
        using HttpResponseMessage response = await client.SendAsync(Request(HttpMethod.Put, new StreamContent(new OneShotStream(System.Text.Encoding.ASCII.GetBytes(body)))), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await _server.JournalAsync(_path, 1)).Single().Body.ShouldBe(body);
    }

    [Fact]
    public async Task RetryAfter_Seconds_IsWaitedFor()
    {
        _server.Stub(_path, StubServer.Status(503, retryAfter: "1"), StubServer.Status(200));
        using HttpResponseMessage response = await _client.SendAsync(Request(HttpMethod.Get));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        IReadOnlyList<IRequestMessage> seen = await _server.JournalAsync(_path, 2);
        seen.Count.ShouldBe(2);
        // The journal's dates are whole milliseconds and taken a little after arrival.
        (seen[1].DateTime - seen[0].DateTime).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(950));
    }

    [Fact]
    public async Task RetryAfter_Date_IsWaitedFor()
    {
        DateTimeOffset date = TimeProvider.System.GetUtcNow().AddSeconds(2);
        _server.Stub(_path, StubServer.Status(503, retryAfter: date.ToString("R", CultureInfo.InvariantCulture)), StubServer.Status(200));
        using HttpResponseMessage response = await _client.SendAsync(Request(HttpMethod.Get));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        IReadOnlyList<IRequestMessage> seen = await _server.JournalAsync(_path, 2);
        seen.Count.ShouldBe(2);
        new DateTimeOffset(seen[1].DateTime).ShouldBeGreaterThan(new DateTimeOffset(date.Ticks - (date.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero).AddMilliseconds(-50));
    }

    [Fact]
    public async Task RetryAfter_AnHour_ResponseIsReturnedAtOnce()
    {
        _server.Stub(_path, StubServer.Status(503, retryAfter: "3600"), StubServer.Status(200));
        using HttpResponseMessage response = await _client.SendAsync(Request(HttpMethod.Get));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await _server.JournalAsync(_path, 1)).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(ConnectionFault.ConnectionResetByPeer, false)]
    [InlineData(ConnectionFault.ConnectionResetByPeer, true)]
    [InlineData(ConnectionFault.EmptyResponse, false)]
    [InlineData(ConnectionFault.EmptyResponse, true)]
    public async Task Get_ConnectionFaultThenAnswer_IsSentTwice(ConnectionFault fault, bool sync)
    {
        _server.Stub(_path, ConnectionFaults.Answer(fault), StubServer.Status(200));
        using HttpResponseMessage response = await _client.SendAsync(Request(HttpMethod.Get), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _server.JournalAsync(_path, 2)).Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(ConnectionFault.ConnectionResetByPeer)]
    [InlineData(ConnectionFault.EmptyResponse)]
    public async Task Put_ConnectionFaultThenAnswer_IsSentTwiceWithItsBody(ConnectionFault fault)
    {
        _server.Stub(_path, ConnectionFaults.Answer(fault), StubServer.Status(200));
        using HttpResponseMessage response = await _client.SendAsync(Request(HttpMethod.Put, new StringContent("data")));
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _server.JournalAsync(_path, 2)).Select(r => r.Body).ShouldBe(["data", "data"]);
    }

    [Theory]
    [InlineData(ConnectionFault.ConnectionResetByPeer, false)]
    [InlineData(ConnectionFault.ConnectionResetByPeer, true)]
    [InlineData(ConnectionFault.EmptyResponse, false)]
    [InlineData(ConnectionFault.EmptyResponse, true)]
    public async Task Post_ConnectionFault_IsSentOnceAndSurfaces(ConnectionFault fault, bool withBody)
    {
        _server.Stub(_path, ConnectionFaults.Answer(fault), StubServer.Status(200));
        await Should.ThrowAsync<HttpRequestException>(() => _client.SendAsync(Request(HttpMethod.Post, withBody ? new StringContent("order") : null)));
        (await _server.JournalAsync(_path, 1)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Get_EmptyResponseForEver_IsSentFourTimesAndNotMultipliedByTheRuntime()
    {
        _server.Stub(_path, ConnectionFaults.Answer(ConnectionFault.EmptyResponse));
        await Should.ThrowAsync<HttpRequestException>(() => _client.SendAsync(Request(HttpMethod.Get)));
        (await _server.JournalAsync(_path, 4)).Count.ShouldBe(4);
    }

    [Theory]
    [InlineData(ConnectionFault.MalformedResponseChunk)]
    [InlineData(ConnectionFault.RandomDataThenClose)]
    public async Task Get_BrokenResponse_IsSentOnceAndSurfaces(ConnectionFault fault)
    {
        _server.Stub(_path, ConnectionFaults.Answer(fault), StubServer.Status(200));
        await Should.ThrowAsync<HttpRequestException>(() => _client.SendAsync(Request(HttpMethod.Get)));
        (await _server.JournalAsync(_path, 1)).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(ConnectionFault.ConnectionResetByPeer, null)]
    [InlineData(ConnectionFault.EmptyResponse, "")]
    [InlineData(ConnectionFault.MalformedResponseChunk, "HTTP/1.1 200 OK\n")]
    [InlineData(ConnectionFault.RandomDataThenClose, "lskdu")]
    public async Task ConnectionFault_OnABareSocket_IsWhatItsNameSays(ConnectionFault fault, string? start)
    {
        _server.Stub(_path, ConnectionFaults.Answer(fault));
        using var client = new TcpClient();
        await client.ConnectAsync(_server.Uri.Host, _server.Uri.Port);
        await client.Client.SendAsync(System.Text.Encoding.ASCII.GetBytes($"GET {_path} HTTP/1.1\r\nHost: {_server.Uri.Authority}\r\n\r\n"));
        using var reader = new StreamReader(client.GetStream());
        if (start is null)
        {
            IOException e = await Assert.ThrowsAsync<IOException>(reader.ReadToEndAsync);
            e.InnerException.ShouldBeOfType<SocketException>().SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
            return;
        }

        string received = await reader.ReadToEndAsync();
        received.ShouldStartWith(start);
        (received.Length > start.Length).ShouldBe(start.Length > 0);
    }

    [Fact]
    public async Task Get_SlowerThanTheClientsTimeout_IsSentOnce()
    {
        _server.Stub(_path, StubServer.Status(503, delayMilliseconds: 1_000), StubServer.Status(200));
        _client.Timeout = TimeSpan.FromMilliseconds(300);
        TaskCanceledException e = await Assert.ThrowsAsync<TaskCanceledException>(() => _client.SendAsync(Request(HttpMethod.Get)));
        e.InnerException.ShouldBeOfType<TimeoutException>();
        (await _server.JournalAsync(_path, 1)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Get_SlowFailuresAndADeadline_StopsBeforeTheWaitThatWouldPassIt()
    {
        _server.Stub(_path, StubServer.Status(503, delayMilliseconds: 200, retryAfter: "1"));
        using HttpResponseMessage response = await _client.SendAsync(Request(HttpMethod.Get).SetCallerTimeout(TimeSpan.FromSeconds(1)));
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await _server.JournalAsync(_path, 1)).Count.ShouldBe(1);
    }

    private HttpRequestMessage Request(HttpMethod method, HttpContent? content = null) => new(method, new Uri(_server.Uri, _path)) { Content = content };
}

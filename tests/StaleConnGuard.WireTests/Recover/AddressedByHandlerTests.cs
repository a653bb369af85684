using System.Net;
using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Recover;

/// <summary>A handler of the application that says where a request goes, as service discovery and versioning do, is no redirect.</summary>
public sealed class AddressedByHandlerTests : IDisposable
{
    // Bound and not listening: connects are refused.
    private readonly Socket _closed = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public AddressedByHandlerTests() => _closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Post_ConnectRefusedWhereTheHandlerSentIt_IsRetried(bool sync)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        int sends = 0;
        using HttpClient client = Client(request => request.RequestUri = sends++ == 0 ? new Uri($"http://{_closed.LocalEndPoint}/orders") : new Uri(server.Uri, "orders"));

        using HttpResponseMessage response = await client.SendAsync(Order(), sync);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        sends.ShouldBe(2);
        server.TotalExecutions.ShouldBe(1);
    }

    [Theory]
    [InlineData(false, "http:1.1")]
    [InlineData(true, "http:1.1")]
    [InlineData(false, "http:2")]
    public async Task Post_RedirectedFromWhereTheHandlerSentItToASilentPort_IsSentOnce(bool sync, string version)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, 307, headers: $"Location: http://{_closed.LocalEndPoint}/\r\n");
            }
        });
        int sends = 0;
        using HttpClient client = Client(request =>
        {
            sends++;
            request.RequestUri = new Uri(server.Uri, "orders");
        });
        HttpRequestMessage order = Order();
        order.Version = version == "http:2" ? HttpVersion.Version20 : HttpVersion.Version11;

        await Should.ThrowAsync<HttpRequestException>(() => client.SendAsync(order, sync));

        sends.ShouldBe(1);
        server.TotalExecutions.ShouldBe(1);
    }

    public void Dispose() => _closed.Dispose();

    private static HttpRequestMessage Order() => new(HttpMethod.Post, "http://orders.test/") { Content = new StringContent("order") };

    private static HttpClient Client(Action<HttpRequestMessage> address)
    {
        var options = new StaleConnGuardOptions { Retry = { Enabled = false } };
        var retry = new RetryOptions { BaseDelay = TimeSpan.Zero };
        var services = new RetryServices { Budgets = new RetryBudgetRegistry(TimeProvider.System) };
        var addressing = new AddressingHandler(address) { InnerHandler = StaleConnGuardHandler.Create(options) };
        return new HttpClient(new RetryHandler(retry, options.Replay, services) { InnerHandler = addressing });
    }

    private sealed class AddressingHandler(Action<HttpRequestMessage> address) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            address(request);
            return base.SendAsync(request, cancellationToken);
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            address(request);
            return base.Send(request, cancellationToken);
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.SdkTests;

/// <summary>Layers of the application's own that send a request again: what the guard makes of it.</summary>
public class RepeatsFromAboveTests
{
    [Theory]
    [InlineData("same message", false, 1)]
    [InlineData("copy", false, 1)]
    [InlineData("new message", false, 1)]
    [InlineData("new content", false, 1)]
    [InlineData("another order", false, 3)]
    [InlineData("same message", true, 3)]
    [InlineData("copy", true, 3)]
    public async Task Post_RepeatedByAHandlerOfTheApplication(string what, bool allow, int executions)
    {
        await using ScriptedServer server = ExecutingAndResetting();
        var services = new ServiceCollection();
        services.AddHttpClient("client").AddHttpMessageHandler(() => new RepeatingHandler(what));
        services.AddStaleConnGuard(o => o.Replay.RepeatsFromAbove = allow ? RepeatsFromAbove.Allow : RepeatsFromAbove.Refuse);
        await using ServiceProvider provider = services.BuildServiceProvider();
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("client");

        var e = await Should.ThrowAsync<HttpRequestException>(() => client.PostAsync(server.Uri, new StringContent("order")));

        server.TotalExecutions.ShouldBe(executions);
        if (executions == 1)
        {
            e.ShouldBeOfType<StaleConnectionException>().Decision.ShouldBe(ReplayDecision.SurfaceRepeatFromAbove);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Invoker_SameMessageInALoop_IsSentOnceAndMayBeMarked(bool sync)
    {
        await using ScriptedServer server = ExecutingAndResetting();
        using var invoker = new HttpMessageInvoker(StaleConnGuardHandler.Create(new StaleConnGuardOptions { Retry = { Enabled = false } }));
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StringContent("order") };

        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(invoker, request, sync));
        var refused = await Should.ThrowAsync<StaleConnectionException>(() => SendAsync(invoker, request, sync));
        server.TotalExecutions.ShouldBe(1);
        refused.Decision.ShouldBe(ReplayDecision.SurfaceRepeatFromAbove);
        refused.InnerException.ShouldBeOfType<HttpRequestException>();

        request.MarkSafeToRepeat();
        await Should.ThrowAsync<HttpRequestException>(() => SendAsync(invoker, request, sync));
        server.TotalExecutions.ShouldBe(2);
    }

    [Fact]
    public async Task Invoker_AfterAnAnswer_MaySendTheSameMessageAgain()
    {
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                await connection.AnswerAsync(request, 503);
            }
        });
        using var invoker = new HttpMessageInvoker(StaleConnGuardHandler.Create());
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StringContent("order") };
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await invoker.SendAsync(request, CancellationToken.None);
        }

        server.TotalExecutions.ShouldBe(3);
    }

    [Fact]
    public async Task Invoker_CancelledWhileTheServerWorks_IsNotSentAgain()
    {
        using var limit = new CancellationTokenSource();
        await using var server = new ScriptedServer(async connection =>
        {
            if (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                connection.Execute(request);
                await limit.CancelAsync();
                await connection.ReadRequestAsync();
            }
        });
        using var invoker = new HttpMessageInvoker(StaleConnGuardHandler.Create());
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StringContent("order") };
        await Should.ThrowAsync<OperationCanceledException>(() => invoker.SendAsync(request, limit.Token));
        await Should.ThrowAsync<StaleConnectionException>(() => invoker.SendAsync(request, CancellationToken.None));
        server.TotalExecutions.ShouldBe(1);
    }

    [Fact]
    public async Task Invoker_AfterARefusedConnect_MaySendTheSameMessageAgain()
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        int connects = 0;
        using var invoker = new HttpMessageInvoker(StaleConnGuardHandler.Create(
            new StaleConnGuardOptions { Retry = { Enabled = false } },
            new SocketsHttpHandler
            {
                ConnectCallback = async (context, cancellationToken) =>
                {
                    if (connects++ == 0)
                    {
                        throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.ConnectionRefused);
                    }

                    var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
                    await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                },
            }));
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new StringContent("order") };

        await Should.ThrowAsync<HttpRequestException>(() => invoker.SendAsync(request, CancellationToken.None));
        using HttpResponseMessage response = await invoker.SendAsync(request, CancellationToken.None);

        server.TotalExecutions.ShouldBe(1);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpMessageInvoker invoker, HttpRequestMessage request, bool sync) =>
        sync ? Task.Run(() => invoker.Send(request, CancellationToken.None)) : invoker.SendAsync(request, CancellationToken.None);

    private static ScriptedServer ExecutingAndResetting() => new(async connection =>
    {
        if (await connection.ReadRequestAsync() is ScriptedRequest request)
        {
            connection.Execute(request);
            connection.Reset();
        }
    });

    /// <summary>Sends up to three times, as handlers of applications do.</summary>
    private sealed class RepeatingHandler(string what) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            // Copied before the first attempt, as hedging does.
            HttpRequestMessage[] messages = [request, Another(request), Another(request)];
            for (int i = 0; ; i++)
            {
                try
                {
                    return await base.SendAsync(messages[i], cancellationToken);
                }
                catch (HttpRequestException) when (i < 2)
                {
                    // Once more.
                }
            }
        }

        private HttpRequestMessage Another(HttpRequestMessage request)
        {
            if (what == "same message")
            {
                return request;
            }

            HttpContent? content = what switch
            {
                "new content" => new StringContent("order"),
                "another order" => new StringContent("another order"),
                _ => request.Content,
            };
            var another = new HttpRequestMessage(request.Method, request.RequestUri) { Content = content };
            if (what == "copy")
            {
                foreach ((string key, object? value) in request.Options)
                {
                    another.Options.TryAdd(key, value);
                }
            }

            return another;
        }
    }
}

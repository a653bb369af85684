using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;
using StaleConnGuard.Yarp;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>A proxy whose own client factory puts a handler around YARP's client that repeats every failure.</summary>
public sealed class YarpRepeatTests
{
    private const int Times = 3;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Post_ExecutedByAServerThatResets_IsExecutedOnceWithTheGuard(bool copies)
    {
        (await ExecutionsAsync(guarded: false, copies)).ShouldBe(Times);
        (await ExecutionsAsync(guarded: true, copies)).ShouldBe(1);
    }

    private static async Task<int> ExecutionsAsync(bool guarded, bool copies)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            if (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                connection.Execute(request);
                connection.Reset();
            }
        });
        await using YarpHost proxy = await YarpHost.StartAsync(
            server.Uri,
            yarp => _ = guarded ? yarp.AddStaleConnGuard() : yarp,
            services: services => services.AddSingleton<IForwarderHttpClientFactory>(new RepeatingFactory(copies)));
        using var client = new HttpClient();
        using HttpResponseMessage response = await client.PostAsync(proxy.Address, content: null);
        response.StatusCode.ShouldBe(System.Net.HttpStatusCode.BadGateway);
        return server.TotalExecutions;
    }

    private sealed class RepeatingFactory(bool copies) : ForwarderHttpClientFactory
    {
        protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
            new RepeatingHandler(copies) { InnerHandler = handler };
    }

    private sealed class RepeatingHandler(bool copies) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            for (int i = 1; ; i++)
            {
                try
                {
                    return await base.SendAsync(copies ? Copy(request) : request, cancellationToken);
                }
                catch (HttpRequestException) when (i < Times)
                {
                    // Whatever it was, again.
                }
            }
        }

        private static HttpRequestMessage Copy(HttpRequestMessage request)
        {
            var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Version = request.Version, VersionPolicy = request.VersionPolicy, Content = request.Content };
            foreach ((string name, IEnumerable<string> values) in request.Headers)
            {
                copy.Headers.TryAddWithoutValidation(name, values);
            }

            return copy;
        }
    }
}

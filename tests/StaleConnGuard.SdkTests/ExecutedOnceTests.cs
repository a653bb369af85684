using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Hedging;
using Polly.Retry;
using StaleConnGuard.Lab;
using StaleConnGuard.Testing;

namespace StaleConnGuard.SdkTests;

/// <summary>
/// A POST whose fate is not known is executed once, whatever repeats it above the guard and whatever it travels by. Each case first shows that the same
/// layers without the guard execute it more than once.
/// </summary>
public class ExecutedOnceTests
{
    private const string Reset = "HTTP/1.1, connection reset";
    private const string StreamReset = "HTTP/2, stream reset";
    private const string Silence = "HTTP/1.1, silence";

    private static readonly string[] s_layers = ["standard", "hedging", "own retry", "own hedging", "loop, same message", "loop, made by hand", "loop, content made anew"];

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (string layer in s_layers)
        {
            cases.Add(layer, Reset);
            cases.Add(layer, StreamReset);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Post_MayHaveBeenExecuted_IsExecutedOnce(string layer, string server)
    {
        (await ExecutionsAsync(layer, server, services: null)).ShouldBeGreaterThan(1);
        (await ExecutionsAsync(layer, server, services => services.AddStaleConnGuard())).ShouldBe(1);
        (await ExecutionsAsync(layer, server, services => services.AddStaleConnGuard().UseStaleConnGuardInResilienceHandlers())).ShouldBe(1);
    }

    /// <summary>What a time limit of the layer cuts off. A machine that stalls may cut off a request that was not sent, so none is no fault.</summary>
    [Theory]
    [InlineData("standard")]
    [InlineData("hedging")]
    [InlineData("own hedging")]
    [InlineData("loop, made by hand")]
    public async Task Post_CutOff_IsExecutedOnceAtMost(string layer)
    {
        int plain = 0;
        for (int i = 0; i < 20 && plain < 2; i++)
        {
            plain = await ExecutionsAsync(layer, Silence, services: null);
        }

        plain.ShouldBeGreaterThan(1);
        (await ExecutionsAsync(layer, Silence, services => services.AddStaleConnGuard())).ShouldBeLessThanOrEqualTo(1);
        (await ExecutionsAsync(layer, Silence, services => services.AddStaleConnGuard().UseStaleConnGuardInResilienceHandlers())).ShouldBeLessThanOrEqualTo(1);
    }

    [Theory]
    [InlineData("standard")]
    [InlineData("loop, made by hand")]
    public async Task Post_ClientSwitchedOff_IsTheLayersOwnBusiness(string layer)
    {
        int plain = await ExecutionsAsync(layer, Reset, services: null);

        (await ExecutionsAsync(layer, Reset, services => services.AddStaleConnGuard(o => o.Enabled = false))).ShouldBe(plain);
    }

    /// <summary>The package's predicates hold for every client of the application, also one that the guard is not on: there only the failure speaks.</summary>
    [Fact]
    public async Task Post_ClientSwitchedOffAndPackage_IsExecutedOnce() =>
        (await ExecutionsAsync("standard", Reset, services => services.AddStaleConnGuard(o => o.Enabled = false).UseStaleConnGuardInResilienceHandlers()))
            .ShouldBe(1);

    [Theory]
    [InlineData("loop, same message")]
    [InlineData("loop, made by hand")]
    public async Task Post_MarkedByTheCaller_IsRepeated(string layer)
    {
        (await ExecutionsAsync(layer, Reset, services => services.AddStaleConnGuard(), request => request.MarkSafeToRepeat())).ShouldBeGreaterThan(1);
    }

    private static async Task<int> ExecutionsAsync(string layer, string kind, Action<IServiceCollection>? services, Action<HttpRequestMessage>? prepare = null)
    {
        await using ExecutingServer server = await ExecutingServer.StartAsync(kind);
        await using ServiceProvider provider = Build(layer, kind == Silence ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromSeconds(20), services);
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("client");
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri)
        {
            Content = new StringContent("order"),
            Version = server.Version,
        };
        request.Headers.Add("X-Request-Id", "order");
        prepare?.Invoke(request);
        await Should.ThrowAsync<Exception>(() => client.SendAsync(request));
        return server.Executions;
    }

    private static ServiceProvider Build(string layer, TimeSpan limit, Action<IServiceCollection>? register)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        IHttpClientBuilder client = services.AddHttpClient("client")
            .UseSocketsHttpHandler((handler, _) => handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true);
        switch (layer)
        {
            case "standard":
                services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
                services.ConfigureAll<HttpStandardResilienceOptions>(o =>
                {
                    o.Retry.Delay = TimeSpan.FromMilliseconds(1);
                    o.AttemptTimeout.Timeout = limit;
                    o.CircuitBreaker.SamplingDuration = TimeSpan.FromMinutes(1);
                });
                break;
            case "hedging":
                client.AddStandardHedgingHandler();
                services.ConfigureAll<HttpStandardHedgingResilienceOptions>(o =>
                {
                    o.Hedging.Delay = TimeSpan.FromMilliseconds(50);
                    o.Endpoint.Timeout.Timeout = limit;
                    o.Endpoint.CircuitBreaker.SamplingDuration = TimeSpan.FromMinutes(1);
                });
                break;
            case "own retry":
                client.AddResilienceHandler("own", pipeline => pipeline.AddRetry(EverythingRetried()).AddTimeout(limit));
                break;
            case "own hedging":
                client.AddResilienceHandler("own", pipeline => pipeline.AddHedging(HedgedByHand()).AddTimeout(limit));
                break;
            default:
                client.AddHttpMessageHandler(() => new LoopHandler(layer, limit));
                break;
        }

        register?.Invoke(services);
        return services.BuildServiceProvider();
    }

    private static RetryStrategyOptions<HttpResponseMessage> EverythingRetried() => new()
    {
        ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is not null),
        Delay = TimeSpan.FromMilliseconds(1),
        MaxRetryAttempts = 2,
    };

    /// <summary>Copies that are made as one finds it in articles: what the message's options hold stays behind.</summary>
    private static HedgingStrategyOptions<HttpResponseMessage> HedgedByHand() => new()
    {
        ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is not null),
        Delay = TimeSpan.FromMilliseconds(50),
        MaxHedgedAttempts = 2,
        ActionGenerator = static arguments =>
        {
            HttpRequestMessage original = arguments.PrimaryContext.GetRequestMessage()!;
            arguments.ActionContext.SetRequestMessage(LoopHandler.MadeByHand(original, original.Content));
            return () => arguments.Callback(arguments.ActionContext);
        },
    };

    /// <summary>A layer of the application's own: up to three times, whatever went wrong.</summary>
    private sealed class LoopHandler(string kind, TimeSpan limit) : DelegatingHandler
    {
        public static HttpRequestMessage MadeByHand(HttpRequestMessage request, HttpContent? content)
        {
            var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Content = content, Version = request.Version, VersionPolicy = request.VersionPolicy };
            foreach (KeyValuePair<string, IEnumerable<string>> header in request.Headers)
            {
                copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }

            return copy;
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            byte[] bytes = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            for (int attempt = 0; ; attempt++)
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                patience.CancelAfter(limit);
                HttpRequestMessage message = kind switch
                {
                    "loop, same message" => request,
                    "loop, made by hand" => MadeByHand(request, request.Content),
                    _ => MadeByHand(request, new ByteArrayContent(bytes)),
                };
                try
                {
                    return await base.SendAsync(message, patience.Token);
                }
                catch (Exception) when (attempt < 2)
                {
                    // Once more.
                }
            }
        }
    }

    /// <summary>Executes each request, and never answers.</summary>
    private sealed class ExecutingServer : IAsyncDisposable
    {
        private readonly ConcurrentQueue<string> _executed = new();
        private IAsyncDisposable? _server;

        public Uri Uri { get; private set; } = null!;

        public Version Version { get; private set; } = HttpVersion.Version11;

        public int Executions => _executed.Count;

        public static async Task<ExecutingServer> StartAsync(string kind)
        {
            var executing = new ExecutingServer();
            if (kind == StreamReset)
            {
                KestrelUnderTest kestrel = await KestrelUnderTest.StartAsync(_ => { }, app => app.MapPost("/", context => executing.ExecuteAsync(context)), HttpProtocols.Http2, certificate: SelfSignedCertificate.Create(IPAddress.Loopback));
                (executing._server, executing.Uri, executing.Version) = (kestrel, kestrel.Uri, HttpVersion.Version20);
                return executing;
            }

            bool isSilent = kind == Silence;
            var scripted = new ScriptedServer(async connection =>
            {
                if (await connection.ReadRequestAsync() is ScriptedRequest)
                {
                    executing._executed.Enqueue("order");
                    if (isSilent)
                    {
                        await connection.ReadRequestAsync();
                        return;
                    }

                    connection.Reset();
                }
            });
            (executing._server, executing.Uri) = (scripted, scripted.Uri);
            return executing;
        }

        public ValueTask DisposeAsync() => _server!.DisposeAsync();

        private async Task ExecuteAsync(HttpContext context)
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            _executed.Enqueue("order");
            context.Abort();
        }
    }
}

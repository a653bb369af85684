using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Lab;
using StaleConnGuard.Testing;
using StaleConnGuard.Yarp;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>A proxy whose own client factory puts a handler between YARP and its connections that repeats every failure.</summary>
public sealed class YarpRepeatTests
{
    private const int Times = 3;

    public enum Made
    {
        /// <summary>The application derives from YARP's factory and wraps its handler.</summary>
        ByAWrappingFactory,

        /// <summary>The application makes the client by itself, as for direct forwarding.</summary>
        ByTheApplication,
    }

    public enum Attempts
    {
        /// <summary>The same message again.</summary>
        SameMessage,

        /// <summary>A new message, with the old one's content and none of its options.</summary>
        Copies,

        /// <summary>The body is read first, and each attempt is a new message with content of its own: the way to repeat what can be read once.</summary>
        CopiesWithBody,
    }

    public static TheoryData<Made, Attempts, bool> Cases()
    {
        var cases = new TheoryData<Made, Attempts, bool>();
        foreach (Made made in Enum.GetValues<Made>())
        {
            foreach (Attempts attempts in Enum.GetValues<Attempts>())
            {
                cases.Add(made, attempts, false);
                cases.Add(made, attempts, true);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Post_ExecutedAndNotAnswered_IsExecutedOnceWithTheGuard(Made made, Attempts attempts, bool isHttp2)
    {
        (await ExecutionsAsync(guarded: false, made, attempts, isHttp2)).ShouldBe(Times);
        (await ExecutionsAsync(guarded: true, made, attempts, isHttp2)).ShouldBe(1);
    }

    private static async Task<int> ExecutionsAsync(bool guarded, Made made, Attempts attempts, bool isHttp2)
    {
        var executed = new Executions();
        await using IAsyncDisposable server = isHttp2 ? await StartHttp2Async(executed) : StartHttp1(executed);
        Uri upstream = server is KestrelUnderTest kestrel ? kestrel.Uri : ((ScriptedServer)server).Uri;
        await using YarpHost proxy = await YarpHost.StartAsync(
            upstream,
            yarp => _ = guarded ? yarp.AddStaleConnGuard() : yarp,
            services: services => services.AddSingleton<IForwarderHttpClientFactory>(made is Made.ByTheApplication ? new OwnFactory(attempts) : new WrappingFactory(attempts)),
            version: isHttp2 ? HttpVersion.Version20 : null);
        using var client = new HttpClient();
        using HttpContent? body = attempts is Attempts.CopiesWithBody ? new StringContent("order") : null;
        using HttpResponseMessage response = await client.PostAsync(proxy.Address, body);
        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
        return executed.Count;
    }

    private static ScriptedServer StartHttp1(Executions executed) => new(async connection =>
    {
        if (await connection.ReadRequestAsync() is not null)
        {
            executed.Add();
            connection.Reset();
        }
    });

    private static async Task<KestrelUnderTest> StartHttp2Async(Executions executed) => await KestrelUnderTest.StartAsync(
        _ => { },
        app => app.MapPost("/", async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null);
            executed.Add();
            context.Abort();
        }),
        HttpProtocols.Http2,
        certificate: SelfSignedCertificate.Create(IPAddress.Loopback));

    private sealed class Executions
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Add() => Interlocked.Increment(ref _count);
    }

    private sealed class WrappingFactory(Attempts attempts) : ForwarderHttpClientFactory
    {
        protected override HttpMessageHandler WrapHandler(ForwarderHttpClientContext context, HttpMessageHandler handler) =>
            new RepeatingHandler(attempts) { InnerHandler = handler };
    }

    private sealed class OwnFactory(Attempts attempts) : IForwarderHttpClientFactory
    {
        public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context) => new(new RepeatingHandler(attempts)
        {
            InnerHandler = new SocketsHttpHandler
            {
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
            },
        });
    }

    private sealed class RepeatingHandler(Attempts attempts) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            byte[]? bytes = attempts is Attempts.CopiesWithBody ? await request.Content!.ReadAsByteArrayAsync(cancellationToken) : null;
            for (int i = 1; ; i++)
            {
                try
                {
                    return await base.SendAsync(attempts is Attempts.SameMessage ? request : Copy(request, bytes is null ? request.Content : new ByteArrayContent(bytes)), cancellationToken);
                }
                catch (HttpRequestException) when (i < Times)
                {
                    // Whatever it was, again.
                }
            }
        }

        private static HttpRequestMessage Copy(HttpRequestMessage request, HttpContent? content)
        {
            var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Version = request.Version, VersionPolicy = request.VersionPolicy, Content = content };
            foreach ((string name, IEnumerable<string> values) in request.Headers)
            {
                copy.Headers.TryAddWithoutValidation(name, values);
            }

            return copy;
        }
    }
}

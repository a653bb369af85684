using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.NeverTwice;

/// <summary>
/// Content of the application may send a request of its own while it is written, and bring that one's failure along: a connection that could not be made, which
/// says nothing about the request that the content belongs to. Its headers have left, and a server may have executed it on those.
/// </summary>
public sealed class FailingContentTests
{
    public static TheoryData<string, bool> Failures()
    {
        var failures = new TheoryData<string, bool>();
        foreach (string failure in (string[])["connect", "name", "tls", "timeout", "stale"])
        {
            failures.Add(failure, false);
            failures.Add(failure, true);
        }

        return failures;
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Post_ContentBringsAnotherConnectionsFailure_IsExecutedOnce(string failure, bool sync)
    {
        await using var server = new ScriptedServer(ExecuteOnHeadersAsync);
        using HttpClient client = RetryClient.Create();
        var content = new NestedContent(failure);
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = content };

        await Assert.ThrowsAnyAsync<Exception>(() => client.SendAsync(request, sync));
        await WaitForOneAsync(() => server.TotalExecutions);

        content.Runs.ShouldBe(1);
        server.TotalExecutions.ShouldBe(1);
    }

    /// <summary>On HTTP/2 no exchange is bound to a connection; that the content has run tells.</summary>
    [Theory]
    [InlineData("connect")]
    [InlineData("name")]
    [InlineData("timeout")]
    [InlineData("stale")]
    public async Task Http2_PostContentBringsAnotherConnectionsFailure_IsExecutedOnce(string failure)
    {
        int executions = 0;
        await using KestrelUnderTest server = await KestrelUnderTest.StartAsync(
            static _ => { },
            app => app.MapPost("/", async context =>
            {
                Interlocked.Increment(ref executions);
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            }),
            HttpProtocols.Http2);
        using HttpClient client = RetryClient.Create();
        var content = new NestedContent(failure);
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri)
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        await Assert.ThrowsAnyAsync<Exception>(() => client.SendAsync(request));

        await WaitForOneAsync(() => Volatile.Read(ref executions));

        content.Runs.ShouldBe(1);
        executions.ShouldBe(1);
    }

    /// <summary>The client gives up at once; the server begins when it comes to it.</summary>
    private static async Task WaitForOneAsync(Func<int> executions)
    {
        for (int tries = 0; tries < 500 && executions() == 0; tries++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Http2_PostStreamedAndConnectRefused_IsStillRetried()
    {
        int port = FreePort();
        using HttpClient client = RetryClient.Create(retry => retry.MaxRetries = 2);
        var content = new NestedContent("connect");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{port}/")
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.SendAsync(request));

        content.Runs.ShouldBe(0);
        RequestAttempts.Find(request)!.Retries.ShouldBe(2);
    }

    [Fact]
    public async Task Post_ARetryOnAnyFailure_IsExecutedMoreThanOnce()
    {
        await using var server = new ScriptedServer(ExecuteOnHeadersAsync);
        using var plain = new HttpMessageInvoker(new SocketsHttpHandler());
        for (int attempt = 0; attempt < 2; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, server.Uri) { Content = new NestedContent("connect") };
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => plain.SendAsync(request, CancellationToken.None));
        }

        server.TotalExecutions.ShouldBe(2);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static async Task ExecuteOnHeadersAsync(ScriptedConnection connection)
    {
        if (await connection.ReadRequestAsync(readBody: false) is ScriptedRequest request)
        {
            connection.Execute(request);

            // Kept open, so that only the content ends the exchange.
            while (await connection.Stream.ReadAsync(new byte[100]) > 0)
            {
            }
        }
    }

    /// <summary>Gets its headers to the server, and then fails as a client of its own would.</summary>
    private sealed class NestedContent(string failure) : HttpContent
    {
        public int Runs { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            Runs++;
            await stream.WriteAsync("half"u8.ToArray());
            await stream.FlushAsync();
            await Task.Delay(100);
            throw Failure();
        }

        protected override void SerializeToStream(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
            SerializeToStreamAsync(stream, context).GetAwaiter().GetResult();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        private Exception Failure() => failure switch
        {
            "connect" => new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused (nested:80)"),
            "name" => new HttpRequestException(HttpRequestError.NameResolutionError, "Name or service not known (nested:80)"),
            "tls" => new HttpRequestException(HttpRequestError.SecureConnectionError, "The SSL connection could not be established."),
            "timeout" => new TaskCanceledException("nested", new TimeoutException("A connection could not be established within the configured ConnectTimeout.")),
            "stale" => throw NestedStaleHit(),
            _ => throw new InvalidOperationException(failure),
        };

        // What a guarded client of the content's own surfaces when nothing of its request was sent.
        private static StaleConnectionException NestedStaleHit()
        {
            var guard = new ConnectionGuard(new KeepAliveLedger(), TimeProvider.System);
            var exchange = new Exchange(new ExchangeScope(guard, GuardSettings.Default), new HttpRequestMessage(HttpMethod.Get, "http://nested/"));
            exchange.RecordEnd(ConnectionEnd.Refused, Delivery.NotSent);
            return new StaleConnectionException(new EndedExchange(exchange, exchange.Evidence!, ReplayDecision.SurfaceReplaysExhausted, 3, EndedExchange.LimitInForce(exchange)), new IOException("nested"));
        }
    }
}

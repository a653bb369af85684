using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard;

// Races as an application meets them, from native code: each client sends a request, the server closes that connection in the moment in which the next request is
// about to be written on it. Exit code 0: the plain client failed, the guarded one did not, every request was executed once, and the code is native.
bool native = !RuntimeFeature.IsDynamicCodeSupported;
using var server = new ClosingServer();
var configuration = new ConfigurationBuilder()
    .AddInMemoryCollection([new("StaleConnGuard:Clients:configured:KeepAlive:ServerTimeout", "00:00:05"), new("StaleConnGuard:Retry:MaxRetries", "2")])
    .Build();
var services = new ServiceCollection();
services.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
{
    PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new HeldStream(context.PlaintextStream, server)),
}));
services.AddLogging();
services.AddStaleConnGuard(configuration.GetSection("StaleConnGuard"));
services.AddHttpClient("plain").RemoveStaleConnGuard();
await using ServiceProvider provider = services.BuildServiceProvider();
IHttpClientFactory clients = provider.GetRequiredService<IHttpClientFactory>();

bool good = true;
foreach ((string client, int failed) in new[] { ("plain", 1), ("guarded", 0), ("configured", 0) })
{
    using HttpClient http = clients.CreateClient(client);
    server.Reset();
    int failures = 0;
    await SendAsync();
    server.Arm();
    await SendAsync();
    int executed = server.Executed;
    bool asExpected = failures == failed && executed == 2 - failed && server.Raced == 1;
    good &= asExpected;
    Console.WriteLine($"{client}: raced {server.Raced}, failed {failures}, executed {executed} of 2{(asExpected ? "" : "  <-- not as expected")}");

    async Task SendAsync()
    {
        try
        {
            using HttpResponseMessage response = await http.PostAsync(server.Uri, new StringContent("order"));
        }
        catch (HttpRequestException)
        {
            failures++;
        }
    }
}

Console.WriteLine(native ? "native code" : "not native code");
return good && native ? 0 : 1;

/// <summary>Answers every request; when armed, it closes the connection that has answered before the next request reaches it.</summary>
internal sealed class ClosingServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private volatile Socket? _answered;
    private int _armed;
    private int _executed;
    private int _raced;

    public ClosingServer()
    {
        _listener.Start();
        Uri = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _ = AcceptAsync();
    }

    public Uri Uri { get; }

    public int Executed => Volatile.Read(ref _executed);

    public int Raced => Volatile.Read(ref _raced);

    public void Reset()
    {
        _answered = null;
        Volatile.Write(ref _executed, 0);
        Volatile.Write(ref _raced, 0);
    }

    public void Arm() => Volatile.Write(ref _armed, 1);

    /// <summary>What a connection of the client says before it writes.</summary>
    public async Task BeforeWriteAsync()
    {
        if (_answered is not Socket socket || Interlocked.Exchange(ref _armed, 0) == 0)
        {
            return;
        }

        Interlocked.Increment(ref _raced);
        while (socket.Connected)
        {
            await Task.Delay(1);
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket = await _listener.AcceptSocketAsync();
            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        var read = new StringBuilder();
        while (true)
        {
            // No receive may be pending when the socket is closed.
            while (!socket.Poll(0, SelectMode.SelectRead))
            {
                if (ReferenceEquals(_answered, socket) && Raced == 1)
                {
                    socket.Close();
                    return;
                }

                await Task.Delay(1);
            }

            int count = await socket.ReceiveAsync(buffer);
            if (count == 0)
            {
                socket.Close();
                return;
            }

            read.Append(Encoding.ASCII.GetString(buffer, 0, count));
            if (!read.ToString().EndsWith("order", StringComparison.Ordinal))
            {
                continue;
            }

            read.Clear();
            Interlocked.Increment(ref _executed);
            await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
            _answered ??= socket;
        }
    }
}

/// <summary>A connection that asks the server before its writes.</summary>
internal sealed class HeldStream(Stream inner, ClosingServer server) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await server.BeforeWriteAsync();
        await inner.WriteAsync(buffer, cancellationToken);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}

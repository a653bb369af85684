using System.Net;
using System.Text;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Exchanges;

/// <summary>
/// In the place of the runtime: a pool over guarded streams that keeps to what the guard relies on, or does not. Its servers answer each request with 200, or hang up.
/// </summary>
internal sealed class PoolUnderTest : HttpMessageHandler, IGuardEvents
{
    private readonly HttpMessageInvoker _client;
    private readonly Stack<Connection> _idle = new();

    public PoolUnderTest(StaleConnGuardOptions? options = null)
    {
        Guard = new ConnectionGuard(new KeepAliveLedger(), Clock, this);
        Guard.Contract.Watch();
        Settings = new GuardSettings(options ?? new StaleConnGuardOptions());
        _client = new HttpMessageInvoker(new ConnectionGuardHandler(Guard, new GuardSettingsHolder(Settings), this), disposeHandler: false);
    }

    public TestClock Clock { get; } = new();

    public ConnectionGuard Guard { get; }

    public List<RuntimeContractBreach> Breaches { get; } = [];

    /// <summary>Every connection that was made.</summary>
    public List<Connection> Connections { get; } = [];

    /// <summary>Sends that came to the pool with an exchange.</summary>
    public int GuardedSends { get; private set; }

    public int Sends { get; private set; }

    /// <summary>Writes without the context of the request.</summary>
    public bool LosesContext { get; set; }

    /// <summary>Uses a connection that ended when it was looked at.</summary>
    public bool UsesRefused { get; set; }

    /// <summary>Sends once more, by itself, what was not answered.</summary>
    public bool Repeats { get; set; }

    /// <summary>The server reads the request and closes.</summary>
    public bool ServerHangsUp { get; set; }

    private GuardSettings Settings { get; }

    public RequestEvents Hears => RequestEvents.None;

    public void RuntimeContractBroken(RuntimeContractBreach breach) => Breaches.Add(breach);

    public async Task<HttpStatusCode> SendAsync(string method)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "http://origin.test/orders?id=1");
        using HttpResponseMessage response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Sends++;
        GuardedSends += Exchange.Current is null ? 0 : 1;
        byte[] head = Encoding.ASCII.GetBytes($"{request.Method} {request.RequestUri!.PathAndQuery} HTTP/1.1\r\nHost: origin.test\r\n\r\n");
        for (int attempt = 0; ; attempt++)
        {
            Connection connection = Take();
            try
            {
                await WriteAsync(connection, head);
                byte[] buffer = new byte[256];
                int count = connection.PendingRead is ValueTask<int> pending ? await pending : await connection.Stream.ReadAsync(buffer, cancellationToken);
                connection.PendingRead = null;
                if (count == 0)
                {
                    throw new HttpIOException(HttpRequestError.ResponseEnded);
                }

                _idle.Push(connection);
                return new HttpResponseMessage(HttpStatusCode.OK) { RequestMessage = request };
            }
            catch (HttpIOException) when (Repeats && attempt < 3)
            {
                // Once more.
            }
            catch (HttpIOException e)
            {
                throw new HttpRequestException(e.HttpRequestError, e.Message, e);
            }
        }
    }

    private Connection Take()
    {
        while (_idle.TryPop(out Connection? idle))
        {
            ValueTask<int> look = idle.Stream.ReadAsync(idle.Buffer);
            if (!look.IsCompleted)
            {
                idle.PendingRead = look;
                return idle;
            }

            if (UsesRefused)
            {
                return idle;
            }
        }

        var made = new Connection(this);
        Connections.Add(made);
        return made;
    }

    private Task WriteAsync(Connection connection, byte[] head)
    {
        if (!LosesContext)
        {
            return connection.Stream.WriteAsync(head).AsTask();
        }

        using AsyncFlowControl lost = ExecutionContext.SuppressFlow();
        return Task.Run(() => connection.Stream.WriteAsync(head).AsTask());
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _client.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>A connection and its server.</summary>
    internal sealed class Connection : DuplexStream
    {
        private readonly PoolUnderTest _pool;
        private TaskCompletionSource<int>? _waiting;
        private bool _isAnswerDue;

        public Connection(PoolUnderTest pool)
        {
            _pool = pool;
            OriginKey key = OriginKey.Of(new Uri("http://origin.test/"));
            Stream = new GuardedStream(this, transport: null, pool.Guard, pool.Guard.Ledger.GetOrAdd(key, pool.Settings.KeepAlive.For(key)));
        }

        public GuardedStream Stream { get; }

        public byte[] Buffer { get; } = new byte[256];

        public ValueTask<int>? PendingRead { get; set; }

        /// <summary>Requests that the server has read.</summary>
        public int Received { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_isAnswerDue)
            {
                _isAnswerDue = false;
                return ValueTask.FromResult(Answer(buffer));
            }

            _waiting = new TaskCompletionSource<int>(buffer, TaskCreationOptions.RunContinuationsAsynchronously);
            return new ValueTask<int>(_waiting.Task);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Received++;
            if (_waiting is null)
            {
                _isAnswerDue = true;
                return ValueTask.CompletedTask;
            }

            TaskCompletionSource<int> waiting = _waiting;
            _waiting = null;
            waiting.SetResult(Answer((Memory<byte>)waiting.Task.AsyncState!));
            return ValueTask.CompletedTask;
        }

        public override int Read(Span<byte> buffer) => throw new NotSupportedException();

        public override void Write(ReadOnlySpan<byte> buffer) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private int Answer(Memory<byte> buffer)
        {
            if (_pool.ServerHangsUp)
            {
                return 0;
            }

            ReadOnlySpan<byte> answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8;
            answer.CopyTo(buffer.Span);
            return answer.Length;
        }
    }
}

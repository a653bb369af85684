using System.Net.Sockets;
using StaleConnGuard.Racing;

namespace StaleConnGuard.Testing;

/// <summary>
/// A real server, as small as its configuration gets, that answers every request and closes connections at an idle timeout. Found by its
/// name: one of the start scripts in <c>tests/servers</c>, or <see cref="Kestrel"/>, or one of those that are <see cref="Modelled"/>. Dispose it before its link.
/// </summary>
public abstract class RealServer : IAsyncDisposable
{
    /// <summary>The one server that runs in the tests' own process.</summary>
    public const string Kestrel = "kestrel";

    /// <summary>Those that are no programs here, but played.</summary>
    public static IReadOnlyList<string> Modelled => ModelledBalancer.Names;

    private const int MaxPorts = 3;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    protected RealServer(string name, Uri address) => (Name, Address) = (name, address);

    /// <summary>What its start script is called.</summary>
    public string Name { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Whether it tells how often it executed a request; without, <see cref="ReadExecutionsAsync"/> throws.</summary>
    public virtual bool CountsExecutions => true;

    /// <summary>Whether the client gets to see that it ended an idle connection.</summary>
    public virtual bool ClosesVisibly => true;

    /// <summary>Says whether it can be started here, and if not, why.</summary>
    public static bool IsAvailable(string name, out string reason)
    {
        reason = string.Empty;
        return name == Kestrel || Modelled.Contains(name) || ScriptedProcess.IsInstalled(name, out reason);
    }

    /// <summary>Starts a server at the far end of a link, or on loopback without one, and waits until it listens.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="idleTimeout">The idle timeout that it is told, in whole seconds; it may close later, and uWSGI earlier.</param>
    /// <param name="link">The link, or null.</param>
    /// <param name="port">Its port, for one that takes another's place; 0 for any.</param>
    /// <param name="upstream">What a reverse proxy forwards to; null for what is none.</param>
    /// <param name="settings">What its start script reads from the environment.</param>
    /// <exception cref="InvalidOperationException">It did not start; the message holds what it said.</exception>
    public static async Task<RealServer> StartAsync(string name, TimeSpan idleTimeout, DelayedLink? link = null, int port = 0, Uri? upstream = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        for (int attempt = 1; ; attempt++)
        {
            RealServer server = name switch
            {
                Kestrel => await KestrelServer.StartAsync(idleTimeout, link),
                _ when Modelled.Contains(name) => ModelledBalancer.Start(name, idleTimeout, link),
                _ => ScriptedProcess.Start(name, idleTimeout, link, port, upstream, settings),
            };
            try
            {
                await server.WaitUntilListeningAsync();
                return server;
            }
            catch (InvalidOperationException) when (port == 0 && attempt < MaxPorts && server.WhyEnded() is not null)
            {
                // A port that was free a moment ago may have been taken by another run on this machine.
                await server.DisposeAsync();
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>How often each request was executed, by its <c>X-Request-Id</c>; complete for all that was answered before.</summary>
    public abstract Task<ExecutionLog> ReadExecutionsAsync();

    /// <summary>Lets it end in good order, as a restart does: it finishes what it is at and closes what is idle. Only nginx and Caddy are told how.</summary>
    public virtual Task ShutDownAsync() => throw new NotSupportedException($"{Name} cannot be shut down in good order from here.");

    /// <summary>Lets new workers take over and the old ones end in good order. Only nginx with a master process does.</summary>
    public virtual Task ReloadAsync() => throw new NotSupportedException($"{Name} cannot be reloaded from here.");

    /// <summary>Ends it at once.</summary>
    public abstract ValueTask DisposeAsync();

    /// <summary>Why it will never listen, or null while it still may.</summary>
    protected abstract string? WhyEnded();

    private async Task WaitUntilListeningAsync()
    {
        long started = TimeProvider.System.GetTimestamp();
        while (WhyEnded() is null && TimeProvider.System.GetElapsedTime(started) < s_patience)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(Address.Host, Address.Port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }
        }

        throw new InvalidOperationException($"{Name} did not start: {WhyEnded() ?? "it does not listen"}");
    }
}

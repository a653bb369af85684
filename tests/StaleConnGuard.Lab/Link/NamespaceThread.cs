using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StaleConnGuard.Lab;

/// <summary>
/// A thread that lives in a network namespace of its own. Sockets made and processes started on it belong to that namespace. The
/// namespace has no name in the file system, so nothing is left to remove: it ends with its last thread, socket and process.
/// </summary>
internal sealed class NamespaceThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private SafeFileHandle? _handle;

    public NamespaceThread()
    {
        StayOutside();
        _thread = new Thread(Serve) { IsBackground = true, Name = "server namespace" };
        _thread.Start();
        try
        {
            Run(Enter);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>A path that <c>nsenter --net=</c> takes while this object lives.</summary>
    public string Path => $"/proc/{Environment.ProcessId}/fd/{_handle!.DangerousGetHandle()}";

    public T Run<T>(Func<T> function)
    {
        if (Thread.CurrentThread == _thread)
        {
            return function();
        }

        using var done = new ManualResetEventSlim();
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        _work.Add(() =>
        {
            try
            {
                result = function();
            }
#pragma warning disable CA1031 // Whatever happens there is thrown here.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }

            done.Set();
        });
        done.Wait();
        failure?.Throw();
        return result;
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
        _handle?.Dispose();
    }

    // A thread is born into the namespace of the thread that makes it. Whatever starts threads when it is first used (the pool, the handling
    // of signals, sockets) is used here first: were it started in there, clients would connect from inside, past the link.
    private static void StayOutside()
    {
        if (!OperatingSystem.IsWindows())
        {
            PosixSignalRegistration.Create(PosixSignal.SIGCHLD, static _ => { }).Dispose();
        }

        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        Task.Run(
            async () =>
            {
                Task<Socket> accepting = listener.AcceptAsync();
                await client.ConnectAsync(listener.LocalEndPoint!, patience.Token);
                (await accepting).Dispose();
                await Task.Delay(1, patience.Token);
            },
            patience.Token).GetAwaiter().GetResult();
    }

    private bool Enter()
    {
        if (Native.Unshare(Native.UnshareNetwork) < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"A network namespace cannot be made: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        int descriptor = Native.Open("/proc/thread-self/ns/net", Native.OpenCloseOnExec);
        if (descriptor < 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        _handle = new SafeFileHandle(descriptor, ownsHandle: true);
        TunDevice.SwitchOn("lo");
        return true;
    }

    private void Serve()
    {
        foreach (Action work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}

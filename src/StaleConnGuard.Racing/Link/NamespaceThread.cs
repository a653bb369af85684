using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace StaleConnGuard.Racing;

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

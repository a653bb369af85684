using System.Runtime.InteropServices;

namespace StaleConnGuard.Protocols.Http2;

/// <summary>
/// Between the one writer of a connection and whoever ends it: the writer passes with one interlocked operation and waits for nobody, but for the moment in which somebody looks whether
/// the connection can be taken out of the pool. Who holds or has closed the gate sees what the writer noted, and the writer notes nothing meanwhile. A mutable struct, used where it stands.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct WriteGate
{
    private const int Open = 0;
    private const int Held = 1;
    private const int Closed = 2;

    private int _state;
    private int _isPassing;

    /// <summary>The writer is about to note something. False when the gate has been closed. To be followed by <see cref="Leave"/>.</summary>
    public bool TryEnter()
    {
        var spin = default(SpinWait);
        while (true)
        {
            // A full fence: either whoever closes the gate finds the writer passing, or the writer finds the gate closed.
            _ = Interlocked.Exchange(ref _isPassing, 1);
            int state = Volatile.Read(ref _state);
            if (state == Open)
            {
                return true;
            }

            Leave();
            if (state == Closed)
            {
                return false;
            }

            spin.SpinOnce();
        }
    }

    /// <summary>The writer has noted it.</summary>
    public void Leave() => Volatile.Write(ref _isPassing, 0);

    /// <summary>Keeps the writer out for a moment. False when somebody else does, or the gate has been closed. To be followed by <see cref="Release"/> or <see cref="CloseHeld"/>.</summary>
    public bool TryHold()
    {
        if (Interlocked.CompareExchange(ref _state, Held, Open) != Open)
        {
            return false;
        }

        WaitForWriter();
        return true;
    }

    /// <summary>Keeps the writer out for a moment, whoever else does so now. False when the gate has been closed, so that the writer stays out anyway.</summary>
    public bool Hold()
    {
        var spin = default(SpinWait);
        while (!TryHold())
        {
            if (Volatile.Read(ref _state) == Closed)
            {
                WaitForWriter();
                return false;
            }

            spin.SpinOnce();
        }

        return true;
    }

    public void Release() => Volatile.Write(ref _state, Open);

    public void CloseHeld() => Volatile.Write(ref _state, Closed);

    /// <summary>Lets nobody pass any more. May be called again.</summary>
    public void Close()
    {
        var spin = default(SpinWait);
        while (Interlocked.CompareExchange(ref _state, Closed, Open) == Held)
        {
            spin.SpinOnce();
        }

        WaitForWriter();
    }

    private readonly void WaitForWriter()
    {
        var spin = default(SpinWait);
        while (Volatile.Read(in _isPassing) != 0)
        {
            spin.SpinOnce();
        }
    }
}

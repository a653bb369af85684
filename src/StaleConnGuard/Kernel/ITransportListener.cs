namespace StaleConnGuard.Kernel;

/// <summary>
/// Told of a transport's life by the transport itself, which knows nobody above it. Called on the thread that writes or disposes; must not throw
/// and must not block.
/// </summary>
internal interface ITransportListener
{
    /// <summary>Bytes are about to be handed to the kernel. Called for every write.</summary>
    void BeforeWrite();

    /// <summary>The transport is disposed; nothing follows. Not called by a finalizer.</summary>
    void Disposed();
}

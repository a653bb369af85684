namespace StaleConnGuard.Exchanges;

/// <summary>One connection's stream for a body, until it fails.</summary>
internal sealed class BodyTarget(Stream stream)
{
    private readonly TaskCompletionSource<Exception?> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Stream Stream => stream;

    /// <summary>Ends with what it failed with; with null when its writing was cancelled.</summary>
    public Task<Exception?> Failed => _failed.Task;

    public bool HasFailed => _failed.Task.IsCompleted;

    public Exception? Failure { get; private set; }

    public void Fail(Exception? failure)
    {
        Failure ??= failure;
        _ = _failed.TrySetResult(failure);
    }
}

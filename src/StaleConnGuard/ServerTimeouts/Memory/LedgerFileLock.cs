namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// One writer at a time among the processes that share a ledger's file: each reads what the others have written and puts its own to it, and two that do so at once, at the
/// end of a deployment say, would lose what one of them knew. The lock is on a file of its own, which stays: the other one is replaced, and so cannot be locked.
/// </summary>
internal static class LedgerFileLock
{
    // Two seconds in all; writing takes milliseconds.
    private const int Attempts = 200;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits for the lock. Null when it is not to be had, as in a folder of others or on a file system without locks: who has no lock writes all the same.</summary>
    public static FileStream? Take(string path)
    {
        string file = path + ".lock";
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var never = new ManualResetEventSlim();
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(file, options);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                if (e is not IOException || attempt == Attempts || !File.Exists(file))
                {
                    return null;
                }
            }

            never.Wait(s_pause);
        }
    }
}

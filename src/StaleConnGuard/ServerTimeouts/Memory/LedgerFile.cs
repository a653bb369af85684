using System.Collections.Concurrent;
using System.Text.Json;

namespace StaleConnGuard.ServerTimeouts;

/// <summary>
/// Keeps what a ledger has learned in a file, for the process that comes next and those that run beside. What is read can only lower a limit
/// (<see cref="KeepAliveLimit"/>); it is no evidence and proves nothing. Nothing that goes wrong with the file is more than a
/// warning. Thread-safe; all reading and writing happens when the ledger gets its file, on a timer and at the end of the process, never for a request.
/// </summary>
internal sealed class LedgerFile : IDisposable
{
    /// <summary>How often it is looked whether there is something to write.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    // That a timeout goes on being confirmed is written now and then, not each time.
    private static readonly TimeSpan s_refresh = TimeSpan.FromHours(1);

    private readonly KeepAliveLedger _ledger;
    private readonly Action<string, string> _onProblem;
    private readonly ConcurrentDictionary<OriginKey, RememberedTimeout> _read = new();
    private readonly Lock _writing = new();
    private readonly ITimer _timer;
    private Dictionary<OriginKey, RememberedTimeout> _written = [];
    private bool _hasProblem;
    private bool _isOfANewerVersion;

    /// <param name="path">Where it is; it need not be there yet, its folder must.</param>
    /// <param name="ledger">What is kept.</param>
    /// <param name="onProblem">Told the path and what is wrong with it, once until it is well again.</param>
    public LedgerFile(string path, KeepAliveLedger ledger, Action<string, string> onProblem)
    {
        Path = path;
        _ledger = ledger;
        _onProblem = onProblem;
        foreach (RememberedTimeout entry in ReadFresh(tellProblems: true))
        {
            _read[entry.Key] = entry;
        }

        _timer = ledger.Time.CreateTimer(static file => ((LedgerFile)file!).OnTimer(), this, Period, Period);
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    public string Path { get; }

    /// <summary>What was read of an origin, if that is not too old by now.</summary>
    public bool TryRecall(in OriginKey key, out RememberedTimeout remembered) =>
        _read.TryGetValue(key, out remembered) && remembered.IsFresh(_ledger.Time.GetUtcNow());

    /// <summary>Writes what is known and not written yet, together with what others have written meanwhile.</summary>
    public void Save()
    {
        lock (_writing)
        {
            if (_isOfANewerVersion)
            {
                return;
            }

            Dictionary<OriginKey, RememberedTimeout> known = _ledger.ToRemember().ToDictionary(static entry => entry.Key);
            List<RememberedTimeout> refuted = _ledger.Refuted();
            if (IsWritten(known) && refuted.TrueForAll(entry => !_written.ContainsKey(entry.Key) && !_read.ContainsKey(entry.Key)))
            {
                return;
            }

            using FileStream? alone = LedgerFileLock.Take(Path);
            var all = new Dictionary<OriginKey, RememberedTimeout>();
            foreach (RememberedTimeout entry in ReadFresh(tellProblems: false))
            {
                all[entry.Key] = entry;
            }

            if (_isOfANewerVersion)
            {
                return;
            }

            foreach (RememberedTimeout entry in refuted)
            {
                _read.TryRemove(entry.Key, out _);
                if (all.TryGetValue(entry.Key, out RememberedTimeout there) && there.Confirmed <= entry.Confirmed)
                {
                    all.Remove(entry.Key);
                }
            }

            foreach (RememberedTimeout entry in known.Values)
            {
                if (!all.TryGetValue(entry.Key, out RememberedTimeout there) || there.Confirmed < entry.Confirmed)
                {
                    all[entry.Key] = entry;
                }
            }

            if (TryWrite(LedgerFileFormat.Write(all.Values.OrderByDescending(static entry => entry.Confirmed).Take(KeepAliveDefaults.MaxOrigins))))
            {
                _written = known;
            }
        }
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        _timer.Dispose();
    }

    private void OnTimer()
    {
        _ledger.ForgetOld();
        Save();
    }

    private void OnExit(object? sender, EventArgs e) => Save();

    private bool IsWritten(Dictionary<OriginKey, RememberedTimeout> known) =>
        known.Values.All(entry => _written.TryGetValue(entry.Key, out RememberedTimeout there) && there.TimeoutTicks == entry.TimeoutTicks && entry.Confirmed - there.Confirmed < s_refresh);

    private List<RememberedTimeout> ReadFresh(bool tellProblems)
    {
        try
        {
            var file = new FileInfo(Path);

            // A pipe or a device has no length, and reading one might never end.
            if (!file.Exists || file.Length == 0)
            {
                return [];
            }

            if (file.Length > LedgerFileFormat.MaxBytes)
            {
                throw new JsonException($"it is larger than {LedgerFileFormat.MaxBytes} bytes");
            }

            (int version, IReadOnlyList<RememberedTimeout> entries) = LedgerFileFormat.Read(File.ReadAllBytes(Path));
            if (version > LedgerFileFormat.Version)
            {
                _isOfANewerVersion = true;
                Say($"has version {version}, this library knows {LedgerFileFormat.Version}; it is neither used nor changed");
                return [];
            }

            DateTimeOffset now = _ledger.Time.GetUtcNow();
            return [.. entries.Where(entry => entry.IsFresh(now))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            if (tellProblems)
            {
                Say($"cannot be read, and nothing of it is used: {e.Message}");
            }

            return [];
        }
    }

    /// <summary>Whole or not at all: a file beside it takes its place. For its owner alone, since it names servers.</summary>
    private bool TryWrite(byte[] content)
    {
        string temporary = $"{Path}.{Guid.NewGuid():N}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, Path, overwrite: true);
            _hasProblem = false;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            Say($"cannot be written, what is learned is kept in memory: {e.Message}");
            Remove(temporary);
            return false;
        }
    }

    private static void Remove(string temporary)
    {
        try
        {
            File.Delete(temporary);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It was never there, or whoever took the folder away has it now.
        }
    }

    private void Say(string problem)
    {
        if (!_hasProblem)
        {
            _hasProblem = true;
            _onProblem(Path, problem);
        }
    }
}

namespace StaleConnGuard.Testing;

/// <summary>What a server may do to a client instead of answering it, or besides.</summary>
/// <param name="Name">In a few words.</param>
/// <param name="Serve">Does it to the request that has just been read; what it leaves open is served in good faith from then on.</param>
public sealed record HostileAnswer(string Name, Func<ScriptedConnection, ScriptedRequest, Task> Serve)
{
    /// <summary>It does so whenever it is asked, on every connection; otherwise once only.</summary>
    public bool IsAlways { get; init; } = true;

    /// <summary>The body of the request is left unread.</summary>
    public bool LeavesBody { get; init; }

    /// <summary>Sent as soon as a connection is accepted.</summary>
    public string? BeforeRequest { get; init; }

    public override string ToString() => Name;

    /// <summary>These bytes, and then whatever <paramref name="end"/> says.</summary>
    public static HostileAnswer Of(string name, string bytes, HostileEnd end = HostileEnd.StaysOpen) =>
        new(name, (connection, request) => SendAsync(connection, request, System.Text.Encoding.Latin1.GetBytes(bytes), end));

    /// <summary>Executes the request, sends bytes and ends the connection, or not.</summary>
    public static async Task SendAsync(ScriptedConnection connection, ScriptedRequest request, ReadOnlyMemory<byte> bytes, HostileEnd end)
    {
        connection.Execute(request);
        await connection.Stream.WriteAsync(bytes);
        await connection.Stream.FlushAsync();
        switch (end)
        {
            case HostileEnd.Fin:
                await connection.CloseAsync();
                throw new IOException("Ended as the script says.");
            case HostileEnd.Reset:
                connection.Reset();
                throw new IOException("Ended as the script says.");
        }
    }
}

/// <summary>What becomes of a connection behind a hostile answer.</summary>
public enum HostileEnd
{
    /// <summary>It stays open, and nothing more comes.</summary>
    StaysOpen,

    /// <summary>A FIN, behind the TLS goodbye where there is TLS.</summary>
    Fin,

    /// <summary>A reset.</summary>
    Reset,
}

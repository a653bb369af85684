namespace StaleConnGuard.Diagnosis;

/// <summary>Reads a protocol above TCP just far enough to tell requests and responses apart.</summary>
internal abstract class Conversation
{
    /// <summary>What it is called in the report.</summary>
    public abstract string Protocol { get; }

    /// <summary>How many requests were seen.</summary>
    public int Requests { get; protected set; }

    /// <summary>Requests whose answer has not come to its end.</summary>
    public abstract IReadOnlyCollection<RequestFacts> Outstanding { get; }

    /// <summary>The last stream a server said it would process (GOAWAY); null when it said nothing.</summary>
    public virtual int? LastStreamTaken => null;

    /// <summary>Whether from here on the connection carries something else.</summary>
    public virtual bool IsHandedOver => false;

    /// <summary>Bytes of the client. True when they make the connection active: a goodbye of TLS does not.</summary>
    public abstract bool OnClient(in Chunk chunk, long? idleSince);

    /// <summary>Bytes of the server. True when they make the connection active.</summary>
    public abstract bool OnServer(in Chunk chunk);

    /// <summary>Bytes of the client were not captured.</summary>
    public abstract void OnClientHole(long from, long to);

    /// <summary>Bytes of the server were not captured.</summary>
    public abstract void OnServerHole();
}

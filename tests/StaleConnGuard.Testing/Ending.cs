namespace StaleConnGuard.Testing;

/// <summary>How a server ends a connection.</summary>
public enum Ending
{
    /// <summary>In good order, with a FIN.</summary>
    Close,

    /// <summary>With a reset.</summary>
    Reset,
}

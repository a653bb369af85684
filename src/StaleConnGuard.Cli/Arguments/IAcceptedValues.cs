namespace StaleConnGuard.Cli;

/// <summary>An option that can say which values it accepts.</summary>
internal interface IAcceptedValues
{
    /// <summary>Completes the sentence "accepted is …".</summary>
    string Accepted { get; }
}

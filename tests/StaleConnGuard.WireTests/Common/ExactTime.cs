namespace StaleConnGuard.WireTests;

/// <summary>Tests that count milliseconds. They run one after the other and beside no other test: on two cores a neighbour is noise.</summary>
[CollectionDefinition(Collection, DisableParallelization = true)]
public sealed class ExactTime
{
    public const string Collection = "Exact time";
}

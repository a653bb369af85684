namespace StaleConnGuard.Benchmarks;

/// <summary>What there is many of.</summary>
internal enum ScaleShape
{
    /// <summary>Pooled connections to one origin.</summary>
    Connections,

    /// <summary>Origins with one pooled connection each.</summary>
    Origins,
}

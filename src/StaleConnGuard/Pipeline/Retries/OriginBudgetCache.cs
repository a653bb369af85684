namespace StaleConnGuard.Pipeline;

/// <summary>Remembers the budget of the origin asked for last: most clients have one origin, and comparing is cheaper than hashing. Thread-safe.</summary>
internal sealed class OriginBudgetCache(RetryBudgetRegistry registry)
{
    private RetryBudget? _last;

    /// <summary>Null for an address that is missing or relative: no handler can send it, so there is nothing to count.</summary>
    public RetryBudget? Find(Uri? uri)
    {
        if (uri is not { IsAbsoluteUri: true })
        {
            return null;
        }

        RetryBudget? last = Volatile.Read(ref _last);
        if (last is not null && !last.IsDropped && Leads(last, uri))
        {
            return last;
        }

        RetryBudget found = registry.GetOrAdd(OriginKey.Of(uri));
        Volatile.Write(ref _last, found);
        return found;
    }

    private static bool Leads(RetryBudget origin, Uri uri) =>
        origin.Key.Port == uri.Port
        && string.Equals(origin.Key.Host, OriginKey.WireHostOf(uri), StringComparison.Ordinal)
        && string.Equals(origin.Key.Scheme, uri.Scheme, StringComparison.Ordinal);
}

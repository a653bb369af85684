namespace StaleConnGuard.Hosting;

/// <summary>Finds what somebody who mistyped a name may have meant.</summary>
internal static class NearestName
{
    // More than this and the suggestion puzzles rather than helps.
    private const int MaxEdits = 3;

    /// <summary>The known name that takes the fewest edits, upper and lower case aside; null when none is near.</summary>
    public static string? Of(string name, IEnumerable<string> known)
    {
        string? nearest = null;
        int fewest = Math.Min(MaxEdits, name.Length / 2) + 1;
        foreach (string candidate in known)
        {
            int edits = Edits(name.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (edits < fewest)
            {
                (nearest, fewest) = (candidate, edits);
            }
        }

        return nearest;
    }

    /// <summary>" Did you mean X?", or nothing.</summary>
    public static string Suggestion(string name, IEnumerable<string> known) =>
        Of(name, known) is { } nearest ? $" Did you mean {nearest}?" : "";

    /// <summary>Letters to insert, to leave out or to replace (Levenshtein).</summary>
    public static int Edits(string a, string b)
    {
        // One row at a time.
        int[] row = new int[b.Length + 1];
        for (int k = 0; k <= b.Length; k++)
        {
            row[k] = k;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int k = 1; k <= b.Length; k++)
            {
                int replaced = diagonal + (a[i - 1] == b[k - 1] ? 0 : 1);
                diagonal = row[k];
                row[k] = Math.Min(replaced, Math.Min(row[k], row[k - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}

using System.Globalization;

namespace StaleConnGuard.Benchmarks;

/// <summary>What came of one client under duress.</summary>
/// <param name="Sent">Requests.</param>
/// <param name="Failed">Those that ended with an exception.</param>
/// <param name="Wrong">Those whose answer was not theirs.</param>
/// <param name="Twice">Non-idempotent requests that were executed twice.</param>
/// <param name="Median">Of the times from request to answer or failure, in milliseconds.</param>
/// <param name="Longest">Of the same.</param>
internal sealed record DuressResult(int Sent, int Failed, int Wrong, int Twice, double Median, double Longest)
{
    public double FailedShare => Sent == 0 ? 1 : (double)Failed / Sent;

    public static DuressResult Parse(string[] words) => new(Whole(words[0]), Whole(words[1]), Whole(words[2]), Whole(words[3]), Real(words[4]), Real(words[5]));

    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{Sent} {Failed} {Wrong} {Twice} {Median} {Longest}");

    private static int Whole(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    private static double Real(string word) => double.Parse(word, CultureInfo.InvariantCulture);
}

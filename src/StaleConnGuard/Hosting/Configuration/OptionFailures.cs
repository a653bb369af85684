using System.Globalization;

namespace StaleConnGuard.Hosting;

/// <summary>Collects what is wrong with options, each line with key, value and accepted range. User information in either is not shown.</summary>
internal sealed class OptionFailures
{
    private readonly string _path;
    private readonly List<string> _lines;

    /// <param name="path">What stands before each key, such as <c>StaleConnGuard</c>; may be empty.</param>
    public OptionFailures(string path = "")
        : this(path, [])
    {
    }

    private OptionFailures(string path, List<string> lines)
    {
        _path = path;
        _lines = lines;
    }

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>The same list, one level deeper.</summary>
    public OptionFailures Below(string key) => new(Path(key), _lines);

    public string Path(string key) => _path.Length == 0 ? Shown(key) : Shown($"{_path}:{Shown(key)}");

    /// <summary>Without a full stop: lines stand behind semicolons in the message of the exception that carries them.</summary>
    public void Add(string key, string sentence) => _lines.Add($"{Path(key)} {sentence.TrimEnd('.')}");

    public void AddLine(string line) => _lines.Add(_path.Length == 0 ? line : $"{_path}:{line}");

    public void AddValue(string key, string value, string accepted) =>
        Add(key, string.Create(CultureInfo.InvariantCulture, $"is '{UserInformation.Hide(value)}'; accepted is {accepted}"));

    // A path holds no @ but in an address; the keys before that address stay.
    private static string Shown(string key)
    {
        int at = key.LastIndexOf('@');
        int scheme = key.IndexOf("//", StringComparison.Ordinal);
        return at < 0 || (scheme < 0 && key.Contains(':', StringComparison.Ordinal)) ? key : UserInformation.Hide(key);
    }

    public void Check(string key, TimeSpan? value, TimeRange range)
    {
        if (value is { } time && !range.Contains(time))
        {
            AddValue(key, time.ToString("c", CultureInfo.InvariantCulture), $"a time {range}");
        }
    }

    public void Check(string key, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            AddValue(key, value.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"a whole number between {min} and {max}"));
        }
    }

    public void Check(string key, double value, double min, double max)
    {
        if (!(value >= min && value <= max))
        {
            AddValue(key, value.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"a number between {min} and {max}"));
        }
    }

    public void CheckDefined<TEnum>(string key, TEnum value)
        where TEnum : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            AddValue(key, value.ToString(), $"one of {string.Join(", ", Enum.GetNames<TEnum>())}");
        }
    }
}

using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Reads one configuration section by hand (no reflection, so that trimming and native AOT lose nothing). Every key asked for is
/// known; what else the section holds is an error. Wrong values are collected, with full path, value and what is accepted.
/// </summary>
internal sealed class SectionReader
{
    private readonly IConfiguration _section;
    private readonly OptionFailures _failures;
    private readonly List<string> _known = [];

    public SectionReader(IConfiguration section, OptionFailures failures)
    {
        _section = section;
        _failures = failures;
    }

    public OptionFailures Failures => _failures;

    /// <summary>A time such as 00:01:30. A bare number is refused: .NET would read it as days.</summary>
    public bool TryTime(string key, TimeRange range, out TimeSpan value)
    {
        value = default;
        return TryValue(key, out string text) && TryParseTime(key, text, range, out value);
    }

    /// <summary>The same where nothing (an empty value) is allowed, and where names stand for times.</summary>
    public bool TryOptionalTime(string key, TimeRange range, out TimeSpan? value, Func<string, TimeSpan?>? byName = null, Func<string, string>? explain = null)
    {
        value = null;
        if (!TryValue(key, out string text))
        {
            return false;
        }

        if (text.Length == 0)
        {
            return true;
        }

        if (byName?.Invoke(text) is { } named)
        {
            value = named;
            return true;
        }

        if (explain is not null && char.IsAsciiLetter(text[0]) && !IsInfinite(text))
        {
            _failures.Add(key, explain(text));
            return false;
        }

        bool parsed = TryParseTime(key, text, range, out TimeSpan time);
        value = time;
        return parsed;
    }

    public bool TryBool(string key, out bool value)
    {
        value = default;
        if (!TryValue(key, out string text))
        {
            return false;
        }

        if (bool.TryParse(text, out value))
        {
            return true;
        }

        _failures.AddValue(key, text, "true or false");
        return false;
    }

    /// <summary>A text; an empty value is none.</summary>
    public bool TryText(string key, Func<string, bool> isAccepted, string accepted, out string? value)
    {
        value = null;
        if (!TryValue(key, out string text))
        {
            return false;
        }

        if (text.Length == 0)
        {
            return true;
        }

        value = text;
        if (isAccepted(text))
        {
            return true;
        }

        _failures.AddValue(key, text, accepted);
        return false;
    }

    public bool TryInt(string key, int min, int max, out int value)
    {
        value = default;
        if (!TryValue(key, out string text))
        {
            return false;
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max)
        {
            return true;
        }

        _failures.AddValue(key, text, string.Create(CultureInfo.InvariantCulture, $"a whole number between {min} and {max}"));
        return false;
    }

    public bool TryDouble(string key, double min, double max, out double value)
    {
        value = default;
        if (!TryValue(key, out string text))
        {
            return false;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && value >= min && value <= max)
        {
            return true;
        }

        _failures.AddValue(key, text, string.Create(CultureInfo.InvariantCulture, $"a number between {min} and {max}"));
        return false;
    }

    public bool TryEnum<TEnum>(string key, out TEnum value)
        where TEnum : struct, Enum
    {
        value = default;
        if (!TryValue(key, out string text))
        {
            return false;
        }

        // Not Enum.TryParse alone: it takes numbers, and numbers that mean nothing.
        string[] names = Enum.GetNames<TEnum>();
        if (names.Contains(text, StringComparer.OrdinalIgnoreCase) && Enum.TryParse(text, ignoreCase: true, out value))
        {
            return true;
        }

        _failures.AddValue(key, text, $"one of {string.Join(", ", names)}");
        return false;
    }

    /// <summary>A list of whole numbers, as arrays are in configuration: keys 0, 1, 2 … An empty value is an empty list.</summary>
    public bool TryInts(string key, int min, int max, out IReadOnlyList<int> values)
    {
        _known.Add(key);
        IConfigurationSection list = _section.GetSection(key);
        string accepted = string.Create(CultureInfo.InvariantCulture, $"a list of whole numbers between {min} and {max}");
        values = [];
        if (list.Value is { Length: > 0 } single)
        {
            _failures.AddValue(key, single, accepted);
            return false;
        }

        var found = new List<int>();
        foreach (IConfigurationSection item in list.GetChildren())
        {
            if (!int.TryParse(item.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) || value < min || value > max)
            {
                _failures.AddValue($"{key}:{item.Key}", item.Value ?? "", accepted);
                return false;
            }

            found.Add(value);
        }

        values = found;
        return found.Count > 0 || list.Value is not null;
    }

    /// <summary>A section below; null when there is none.</summary>
    public IConfigurationSection? TrySection(string key)
    {
        _known.Add(key);
        IConfigurationSection below = _section.GetSection(key);
        if (below.GetChildren().Any())
        {
            return below;
        }

        if (!string.IsNullOrEmpty(below.Value))
        {
            _failures.AddValue(key, below.Value, "a section");
        }

        return null;
    }

    /// <summary>A reader for a section below; null when there is none.</summary>
    public SectionReader? TryBelow(string key) =>
        TrySection(key) is { } below ? new SectionReader(below, _failures.Below(key)) : null;

    /// <summary>A key that is read elsewhere.</summary>
    public void Allow(string key) => _known.Add(key);

    /// <summary>To be called last: every key that nobody asked for is an error.</summary>
    public void RefuseOthers()
    {
        foreach (IConfigurationSection child in _section.GetChildren())
        {
            if (!_known.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            {
                _failures.Add(child.Key, $"is not known.{NearestName.Suggestion(child.Key, _known)} Known here: {string.Join(", ", _known)}.");
            }
        }
    }

    private static bool IsInfinite(string text) => text.Equals("Infinite", StringComparison.OrdinalIgnoreCase);

    private bool TryValue(string key, out string text)
    {
        _known.Add(key);
        IConfigurationSection entry = _section.GetSection(key);
        if (entry.Value is { } value)
        {
            text = value.Trim();
            return true;
        }

        if (entry.GetChildren().Any())
        {
            _failures.Add(key, "is a section; a single value is expected.");
        }

        text = "";
        return false;
    }

    private bool TryParseTime(string key, string text, TimeRange range, out TimeSpan value)
    {
        if (IsInfinite(text))
        {
            value = Timeout.InfiniteTimeSpan;
        }
        else if (!text.Contains(':', StringComparison.Ordinal))
        {
            value = default;
            _failures.AddValue(key, text, $"a time written as hours:minutes:seconds, {range}");
            return false;
        }
        else if (!TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out value))
        {
            _failures.AddValue(key, text, $"a time written as hours:minutes:seconds, {range}");
            return false;
        }

        if (range.Contains(value))
        {
            return true;
        }

        _failures.AddValue(key, text, $"a time {range}");
        return false;
    }
}

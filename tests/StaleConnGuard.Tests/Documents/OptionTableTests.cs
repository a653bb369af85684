using System.Collections;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;

namespace StaleConnGuard.Tests.Documents;

/// <summary>Defaults and ranges, as documents say them, are those of the code.</summary>
public partial class OptionTableTests
{
    private static readonly TimeSpan s_aBit = TimeSpan.FromMilliseconds(2);

    [Fact]
    public void Defaults_InEveryTable_AreThoseOfTheCode()
    {
        int compared = 0;
        foreach ((string place, string key, string[] cells) in Rows())
        {
            (object owner, PropertyInfo property) = Find(new StaleConnGuardOptions(), key, place);
            IsSaid(property.GetValue(owner), cells[1]).ShouldBeTrue($"{place}: {key}: the default is not '{cells[1]}' but {property.GetValue(owner) ?? "null"}");
            compared++;
        }

        compared.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void Ranges_InEveryTable_AreThoseThatAreAccepted()
    {
        int compared = 0;
        foreach ((string place, string key, string[] cells) in Rows())
        {
            Match range = Range().Match(cells[2]);
            if (!range.Success)
            {
                Scalar().IsMatch(cells[2]).ShouldBeFalse($"{place}: {key}: '{cells[2]}' is no range that the test can read");
                continue;
            }

            foreach ((object value, bool accepted) in Borders(range, Find(new StaleConnGuardOptions(), key, place).Property))
            {
                var options = new StaleConnGuardOptions();
                (object owner, PropertyInfo property) = Find(options, key, place);
                property.SetValue(owner, value);
                if (property.Name == nameof(RetryOptions.BaseDelay))
                {
                    options.Retry.MaxDelay = TimeSpan.FromHours(1);
                }

                string said = string.Join("; ", StaleConnGuardOptionsRules.Check(options));
                (said.Length == 0).ShouldBe(accepted, $"{place}: {key} = {value}: {said}");
                compared++;
            }
        }

        compared.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Options_AllOfThem_StandInTheReference()
    {
        string[] documented = [.. Rows().Where(row => row.Place == "docs/options.md").Select(row => row.Key).Order(StringComparer.Ordinal)];
        documented.ShouldBe(Keys(typeof(StaleConnGuardOptions), "").Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Keys(Type type, string prefix)
    {
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public))
        {
            bool isSection = property.PropertyType.Namespace == typeof(StaleConnGuardOptions).Namespace && property.PropertyType.IsClass;
            foreach (string key in isSection ? Keys(property.PropertyType, $"{prefix}{property.Name}:") : [prefix + property.Name])
            {
                yield return key;
            }
        }
    }

    /// <summary>A row for each option: the cells after the name, with several names of one row taken apart.</summary>
    private static IEnumerable<(string Place, string Key, string[] Cells)> Rows() =>
        from document in Document.All
        from row in document.TableRows(Head())
        let name = Name().Match(row.Cells[0])
        where name.Success && !name.Groups["name"].Value.Contains('<', StringComparison.Ordinal)
        let section = row.Head.Groups["section"].Value
        select (document.Path, section + name.Groups["name"].Value, row.Cells);

    private static (object Owner, PropertyInfo Property) Find(object options, string key, string place)
    {
        object owner = options;
        string[] names = key.Split(':');
        foreach (string name in names[..^1])
        {
            owner = owner.GetType().GetProperty(name)?.GetValue(owner) ?? throw new InvalidOperationException($"{place}: {key}: there is no {name}");
        }

        return (owner, owner.GetType().GetProperty(names[^1]) ?? throw new InvalidOperationException($"{place}: {key}: there is no such option"));
    }

    private static bool IsSaid(object? value, string cell) => value switch
    {
        null when cell == "502, 503, 504" => RetryOptions.DefaultStatusCodes.Select(code => (int)code).SequenceEqual([502, 503, 504]),
        null => cell is "not known" or "nothing" or "off" or "derived",
        ICollection { Count: 0 } => cell == "nothing",
        bool flag => cell == (flag ? "`true`" : "`false`"),
        TimeSpan time when time == Timeout.InfiniteTimeSpan => cell == "`Infinite`",
        TimeSpan time => Time(cell) == time,
        Enum => cell == $"`{value}`",
        IEnumerable<HttpStatusCode> => false,
        _ => cell == Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static IEnumerable<(object Value, bool Accepted)> Borders(Match range, PropertyInfo property)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type == typeof(TimeSpan))
        {
            TimeSpan highest = Time(range.Groups["high"].Value);
            yield return (highest, true);
            yield return (highest + s_aBit, false);
            yield return (Timeout.InfiniteTimeSpan, range.Groups["infinite"].Success);
            if (range.Groups["low"].Success)
            {
                TimeSpan lowest = Time(range.Groups["low"].Value);
                yield return (lowest, true);
                yield return (lowest - s_aBit, false);
            }

            yield break;
        }

        foreach ((string border, int beyond) in new[] { (range.Groups["low"].Value, -1), (range.Groups["high"].Value, 1) })
        {
            double number = double.Parse(border, NumberStyles.Number, CultureInfo.InvariantCulture);
            yield return (Convert.ChangeType(number, type, CultureInfo.InvariantCulture), true);
            yield return (Convert.ChangeType(number + beyond, type, CultureInfo.InvariantCulture), false);
        }
    }

    private static TimeSpan Time(string text)
    {
        Match time = Duration().Match(text);
        if (!time.Success)
        {
            return text == "0" ? TimeSpan.Zero : throw new FormatException($"'{text}' is no time");
        }

        double amount = double.Parse(time.Groups["amount"].Value, CultureInfo.InvariantCulture);
        return time.Groups["unit"].Value switch
        {
            "ms" => TimeSpan.FromMilliseconds(amount),
            "s" => TimeSpan.FromSeconds(amount),
            "min" => TimeSpan.FromMinutes(amount),
            "h" => TimeSpan.FromHours(amount),
            _ => TimeSpan.FromDays(amount),
        };
    }

    [GeneratedRegex("^Option \\(`(?<section>([A-Za-z]+:)*)`\\)$|^Option$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Head();

    [GeneratedRegex("^`(?<name>[^`]+)`$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Name();

    [GeneratedRegex(@"^((?<low>[\d.,]+( (ms|s|min|h|day|days))?) to |`\w+` to |up to |above 0 to )(?<high>[\d.,]+( (ms|s|min|h|day|days))?)(?<infinite>, or `Infinite`)?(?!\w)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Range();

    [GeneratedRegex(@"^\d|^(above|up to)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Scalar();

    [GeneratedRegex(@"^(?<amount>[\d.]+) (?<unit>ms|s|min|h|days?)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Duration();
}

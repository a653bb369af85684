using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace StaleConnGuard.Cli;

/// <summary>An option that takes a whole number within a range.</summary>
internal sealed class NumberOption : Option<int>, IAcceptedValues
{
    private readonly int _least;
    private readonly int _most;

    public NumberOption(string name, int least, int most, int usual, string description)
        : base(name)
    {
        _least = least;
        _most = most;
        Description = description;
        HelpName = "number";
        DefaultValueFactory = _ => usual;
        CustomParser = Parse;
    }

    public string Accepted => string.Create(CultureInfo.InvariantCulture, $"a whole number from {_least} to {_most}");

    private int Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= _least && number <= _most)
        {
            return number;
        }

        result.AddError(ArgumentError.Of(Name, text, Accepted));
        return 0;
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;

namespace StaleConnGuard.Cli;

/// <summary>An option that takes a duration within a range.</summary>
internal sealed class DurationOption : Option<TimeSpan?>, IAcceptedValues
{
    private readonly TimeSpan _least;
    private readonly TimeSpan _most;

    public DurationOption(string name, TimeSpan least, TimeSpan most, string description)
        : base(name)
    {
        _least = least;
        _most = most;
        Description = description;
        HelpName = "duration";
        CustomParser = Parse;
    }

    public string Accepted => $"a duration from {Duration.Format(_least)} to {Duration.Format(_most)}, such as 20ms or 1.5s";

    private TimeSpan? Parse(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (Duration.TryParse(text, out TimeSpan duration) && duration >= _least && duration <= _most)
        {
            return duration;
        }

        result.AddError(ArgumentError.Of(Name, text, Accepted));
        return null;
    }
}

using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>Validates the options of every client, named after it.</summary>
internal sealed class StaleConnGuardOptionsValidator : IValidateOptions<StaleConnGuardOptions>
{
    public ValidateOptionsResult Validate(string? name, StaleConnGuardOptions options)
    {
        IReadOnlyList<string> failures = StaleConnGuardOptionsRules.Check(options);
        if (failures.Count == 0)
        {
            return ValidateOptionsResult.Success;
        }

        string client = string.IsNullOrEmpty(name) ? "" : $"Client '{name}': ";
        return ValidateOptionsResult.Fail(failures.Select(line => client + line));
    }
}

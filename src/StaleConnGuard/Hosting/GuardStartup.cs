using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>Stands for the options of all clients where the host validates at start: together, so that one mistake is reported once.</summary>
internal sealed class GuardStartup;

/// <summary>Makes the options of every client that is named anywhere, and reports what is wrong with them.</summary>
internal sealed class GuardStartupValidator(GuardRegistrations registrations, IOptionsMonitor<StaleConnGuardOptions> options, UnusedConfiguration unused)
    : IValidateOptions<GuardStartup>
{
    public ValidateOptionsResult Validate(string? name, GuardStartup startup)
    {
        unused.LookAtStart();
        var failures = new List<string>();
        foreach (string client in registrations.ClientNames())
        {
            try
            {
                _ = options.Get(client);
            }
            catch (OptionsValidationException e)
            {
                // What is wrong for every client is also wrong for this one.
                failures.AddRange(e.Failures.Where(failure => !failures.Exists(known => failure.EndsWith(known, StringComparison.Ordinal))));
            }
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}

using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Makes the options of each client, for this library and for the application alike. What is said without a name is for every client and comes
/// first; what is said for one client comes on top. Once a client's options were valid they never stop being so: when they are not any more,
/// the last valid ones stay in force. Thread-safe.
/// </summary>
internal sealed class GuardOptionsFactory : IOptionsFactory<StaleConnGuardOptions>
{
    private readonly IConfigureOptions<StaleConnGuardOptions>[] _setups;
    private readonly IPostConfigureOptions<StaleConnGuardOptions>[] _postSetups;
    private readonly IValidateOptions<StaleConnGuardOptions>[] _validators;
    private readonly ConcurrentDictionary<string, StaleConnGuardOptions> _lastValid = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _rejected = new(StringComparer.Ordinal);
    private readonly ILogger _logger;

    public GuardOptionsFactory(
        IEnumerable<IConfigureOptions<StaleConnGuardOptions>> setups,
        IEnumerable<IPostConfigureOptions<StaleConnGuardOptions>> postSetups,
        IEnumerable<IValidateOptions<StaleConnGuardOptions>> validators,
        GuardReloads reloads,
        ILoggerFactory loggers)
    {
        _setups = [.. setups];
        _postSetups = [.. postSetups];
        _validators = [.. validators];
        _logger = loggers.CreateLogger(GuardLog.Category);
        reloads.Watch(name => Make(name));
    }

    /// <exception cref="OptionsValidationException">The options are not valid, and never were.</exception>
    public StaleConnGuardOptions Create(string name)
    {
        try
        {
            StaleConnGuardOptions options = Make(name);
            _lastValid[name] = options;
            _ = _rejected.TryRemove(name, out _);
            return options;
        }
        catch (Exception e) when (_lastValid.ContainsKey(name))
        {
            // A mistake in something that the application bound itself: asked for by every scope, said once.
            if (!string.Equals(_rejected.GetValueOrDefault(name), e.Message, StringComparison.Ordinal))
            {
                _rejected[name] = e.Message;
                GuardLog.ReloadRejected(_logger, e.Message);
            }

            return _lastValid[name];
        }
    }

    private StaleConnGuardOptions Make(string name)
    {
        var options = new StaleConnGuardOptions();
        foreach (IConfigureOptions<StaleConnGuardOptions> setup in _setups)
        {
            ConfigureCommon(setup, name, options);
        }

        foreach (IConfigureOptions<StaleConnGuardOptions> setup in _setups)
        {
            ConfigureOwn(setup, name, options);
        }

        foreach (IPostConfigureOptions<StaleConnGuardOptions> setup in _postSetups)
        {
            setup.PostConfigure(IsForDefaultName(setup) ? Options.DefaultName : name, options);
        }

        var failures = new List<string>();
        foreach (IValidateOptions<StaleConnGuardOptions> validator in _validators)
        {
            if (validator.Validate(name, options) is { Failed: true, Failures: { } found })
            {
                failures.AddRange(found);
            }
        }

        return failures.Count == 0 ? options : throw new OptionsValidationException(name, typeof(StaleConnGuardOptions), failures);
    }

    private static void ConfigureCommon(IConfigureOptions<StaleConnGuardOptions> setup, string name, StaleConnGuardOptions options)
    {
        switch (setup)
        {
            case GuardRegistration registration:
                registration.ConfigureCommon(name, options);
                break;
            case IConfigureNamedOptions<StaleConnGuardOptions> named when IsForDefaultName(setup):
                named.Configure(Options.DefaultName, options);
                break;
            case IConfigureNamedOptions<StaleConnGuardOptions> named when !IsForOneName(setup):
                // For all, or a type of the application's that looks at the name itself.
                named.Configure(name, options);
                break;
            case not IConfigureNamedOptions<StaleConnGuardOptions>:
                setup.Configure(options);
                break;
        }
    }

    private static void ConfigureOwn(IConfigureOptions<StaleConnGuardOptions> setup, string name, StaleConnGuardOptions options)
    {
        if (setup is GuardRegistration registration)
        {
            registration.ConfigureOwn(name, options);
        }
        else if (setup is IConfigureNamedOptions<StaleConnGuardOptions> named && IsForOneName(setup))
        {
            named.Configure(name, options);
        }
    }

    private static bool IsForDefaultName(object setup) => SetupName.Of(setup) is { Length: 0 };

    private static bool IsForOneName(object setup) => SetupName.Of(setup) is { Length: > 0 };
}

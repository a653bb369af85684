using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Reads <see cref="StaleConnGuardOptions"/> from a configuration section whose keys follow the property names. What stands under
/// <c>Clients:&lt;name&gt;</c> is laid on top for that client.
/// </summary>
internal static class StaleConnGuardConfiguration
{
    public const string Clients = "Clients";

    /// <summary>What stands for every client, and on top what stands for the client of that name.</summary>
    /// <param name="section">Such as <c>configuration.GetSection("StaleConnGuard")</c>.</param>
    /// <param name="clientName">The client whose options these are. For null and "" no client's are laid on top, but those of all are looked at for mistakes.</param>
    /// <param name="options">Changed where the section says something.</param>
    /// <exception cref="OptionsValidationException">A key is not known or a value not accepted; the failures name each with its full path.</exception>
    public static void Apply(IConfiguration section, string? clientName, StaleConnGuardOptions options)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(options);
        Read(section, clientName, options, options);
    }

    /// <summary>What stands for every client alone; looks for mistakes in the rest too.</summary>
    /// <inheritdoc cref="Apply"/>
    public static void ApplyCommon(IConfiguration section, string? clientName, StaleConnGuardOptions options) =>
        Read(section, clientName, options, new StaleConnGuardOptions());

    /// <summary>What stands for the client of that name alone; looks for mistakes in the rest too.</summary>
    /// <inheritdoc cref="Apply"/>
    public static void ApplyOwn(IConfiguration section, string? clientName, StaleConnGuardOptions options) =>
        Read(section, clientName, new StaleConnGuardOptions(), options);

    /// <summary>The names under <c>Clients</c>.</summary>
    public static IEnumerable<string> ClientNames(IConfiguration section) => section.GetSection(Clients).GetChildren().Select(static client => client.Key);

    private static void Read(IConfiguration section, string? clientName, StaleConnGuardOptions common, StaleConnGuardOptions own)
    {
        var reader = new SectionReader(section, new OptionFailures((section as IConfigurationSection)?.Path ?? ""));
        ReadParts(reader, common);
        if (reader.TryBelow(Clients) is { } clients)
        {
            foreach (IConfigurationSection client in section.GetSection(Clients).GetChildren())
            {
                ReadClient(clients, client, clientName, own);
            }
        }

        reader.RefuseOthers();
        if (reader.Failures.Lines.Count > 0)
        {
            throw new OptionsValidationException(clientName ?? Options.DefaultName, typeof(StaleConnGuardOptions), reader.Failures.Lines);
        }
    }

    private static void ReadClient(SectionReader clients, IConfigurationSection client, string? clientName, StaleConnGuardOptions options)
    {
        bool asked = client.Key.Equals(clientName, StringComparison.OrdinalIgnoreCase);
        if (!asked && !string.IsNullOrEmpty(clientName))
        {
            return;
        }

        if (clients.TryBelow(client.Key) is { } own)
        {
            ReadParts(own, asked ? options : new StaleConnGuardOptions());
            own.RefuseOthers();
        }
    }

    private static void ReadParts(SectionReader reader, StaleConnGuardOptions options)
    {
        if (reader.TryBool(nameof(options.Enabled), out bool enabled))
        {
            options.Enabled = enabled;
        }

        if (reader.TryBelow(nameof(options.KeepAlive)) is { } keepAlive)
        {
            KeepAliveConfiguration.Read(keepAlive, options.KeepAlive);
        }

        if (reader.TryBelow(nameof(options.Replay)) is { } replay)
        {
            ReplayConfiguration.Read(replay, options.Replay);
        }

        if (reader.TryBelow(nameof(options.Retry)) is { } retry)
        {
            RetryConfiguration.Read(retry, options.Retry);
        }

        if (reader.TryBelow(nameof(options.Transport)) is { } transport)
        {
            TransportConfiguration.Read(transport, options.Transport);
        }
    }
}

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Reads <see cref="StaleConnGuardOptions"/> from a configuration section whose keys follow the property names. What stands under
/// <c>Clients:&lt;name&gt;</c> is laid on top for that client.
/// </summary>
internal static class StaleConnGuardConfiguration
{
    private const string Clients = "Clients";

    /// <param name="section">Such as <c>configuration.GetSection("StaleConnGuard")</c>.</param>
    /// <param name="clientName">The client whose options these are. For null and "" no client's are laid on top, but those of all are looked at for mistakes.</param>
    /// <param name="options">Changed where the section says something.</param>
    /// <exception cref="OptionsValidationException">A key is not known or a value not accepted; the failures name each with its full path.</exception>
    public static void Apply(IConfiguration section, string? clientName, StaleConnGuardOptions options)
    {
        ArgumentNullException.ThrowIfNull(section);
        ArgumentNullException.ThrowIfNull(options);
        var reader = new SectionReader(section, new OptionFailures((section as IConfigurationSection)?.Path ?? ""));
        ReadParts(reader, options);
        if (reader.TryBelow(Clients) is { } clients)
        {
            foreach (IConfigurationSection client in section.GetSection(Clients).GetChildren())
            {
                ReadClient(clients, client, clientName, options);
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

using System.Globalization;
using System.Text.Json.Nodes;

namespace StaleConnGuard.Cli;

/// <summary>The options that tell StaleConnGuard what was measured, for this origin alone.</summary>
internal sealed class OptionsToSet(Uri address, TimeSpan serverTimeout)
{
    private readonly string _origin = address.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    public string CSharp => $$"""
        services.AddStaleConnGuard(options =>
            options.KeepAlive.Origins["{{_origin}}"] = new() { ServerTimeout = {{Time}} });
        """;

    /// <summary>Gets what goes into <c>appsettings.json</c>, for <c>AddStaleConnGuard(configuration.GetSection("StaleConnGuard"))</c>.</summary>
    public JsonObject Json => new()
    {
        ["StaleConnGuard"] = new JsonObject
        {
            ["KeepAlive"] = new JsonObject
            {
                ["Origins"] = new JsonObject
                {
                    [_origin] = new JsonObject { ["ServerTimeout"] = serverTimeout.ToString("c", CultureInfo.InvariantCulture) },
                },
            },
        },
    };

    private string Time => serverTimeout.Ticks % TimeSpan.TicksPerSecond == 0
        ? string.Create(CultureInfo.InvariantCulture, $"TimeSpan.FromSeconds({serverTimeout.TotalSeconds})")
        : string.Create(CultureInfo.InvariantCulture, $"TimeSpan.FromMilliseconds({serverTimeout.TotalMilliseconds})");
}

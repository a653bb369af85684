using System.Globalization;

namespace StaleConnGuard.Testing;

/// <summary>The rows of the reverse-proxy suite as a table in Markdown.</summary>
public static class ReverseProxyTable
{
    public static string Of(IEnumerable<ReverseProxyRow> rows) => string.Join('\n',
        [
            "| upstream | request | the proxy forwards with | requests | raced | of them reset | 502s seen by the client | executed twice |",
            "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
            .. rows.Select(Row),
        ]);

    private static string Row(ReverseProxyRow row) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {row.Upstream} | {row.Kind.Name} | {row.Pool.Name} | {row.Outcomes.Count} | {row.Raced} | {(row.Pool.IsGuarded ? row.Resets : "")} | {row.BadGateways} | {row.ExecutedTwice} |");
}

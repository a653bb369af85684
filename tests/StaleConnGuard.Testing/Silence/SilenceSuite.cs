using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace StaleConnGuard.Testing;

/// <summary>Every way of forgetting a flow, over each protocol, for GET and POST: what becomes of the request that finds out.</summary>
public static class SilenceSuite
{
    private static readonly (string Name, HttpProtocols Protocol, bool Tls)[] s_protocols =
    [
        ("HTTP/1.1", HttpProtocols.Http1, false),
        ("HTTP/1.1, TLS", HttpProtocols.Http1, true),
        ("HTTP/2", HttpProtocols.Http2, false),
    ];

    /// <summary>Runs all of it.</summary>
    /// <param name="rounds">Requests per row and client; they run side by side, each with a client of its own.</param>
    /// <param name="patience">The timeout of the plain client.</param>
    public static async Task<IReadOnlyList<SilenceRow>> RunAsync(int rounds, TimeSpan patience)
    {
        List<SilenceRow> rows = [];
        foreach ((string name, HttpProtocols protocol, bool tls) in s_protocols)
        {
            await using SilentPath path = await SilentPath.CreateAsync(protocol, tls);
            Version version = protocol is HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11;
            foreach (string method in new[] { "GET", "POST" })
            {
                foreach (SilenceKind kind in Enum.GetValues<SilenceKind>())
                {
                    Task<SilenceOutcome[]> plain = RepeatAsync(path, rounds, () => SilenceRun.Client(guarded: false, patience), kind, method, version);
                    Task<SilenceOutcome[]> guarded = RepeatAsync(path, rounds, () => SilenceRun.Client(guarded: true, TimeSpan.FromSeconds(100), static o => o.Retry.Enabled = true), kind, method, version);
                    rows.Add(new SilenceRow(name, kind, method, await plain, await guarded));
                }
            }
        }

        return rows;
    }

    private static Task<SilenceOutcome[]> RepeatAsync(SilentPath path, int rounds, Func<HttpClient> make, SilenceKind kind, string method, Version version) =>
        Task.WhenAll(Enumerable.Range(0, rounds).Select(async _ =>
        {
            using HttpClient client = make();
            return await SilenceRun.ForgetAndSendAsync(path, client, kind, method, version);
        }));
}

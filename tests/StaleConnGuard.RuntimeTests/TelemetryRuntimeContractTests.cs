using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Http.Metrics;

namespace StaleConnGuard.RuntimeTests;

/// <summary>What the guard's telemetry finds in the runtime's own.</summary>
public class TelemetryRuntimeContractTests
{
    /// <summary>If not: spans have no resend count and no event of a stale hit.</summary>
    [Fact]
    public async Task FirstWrite_RunsWithinTheRuntimesSpan()
    {
        using var spans = new SpanRecorder();
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new TappedClient();
        await client.GetAsync("first", server.Uri);
        await client.GetAsync("second", server.Uri);

        client.Connections[0].Writes.ShouldAllBe(write => write.Span == "System.Net.Http.HttpRequestOut");
    }

    /// <summary>If not: <c>staleconnguard.exchanges.recovered</c> cannot be subtracted from the runtime's errors.</summary>
    [Theory]
    [InlineData(HttpRequestError.ResponseEnded)]
    [InlineData(HttpRequestError.ConnectionError)]
    [InlineData(HttpRequestError.Unknown)]
    public async Task Duration_OfAFailedExchange_HasTheErrorTypeThatTheGuardSays(HttpRequestError error)
    {
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.ReadRequestAsync();
            await connection.CloseAsync();
        });
        var types = new ConcurrentQueue<object?>();
        using MeterListener listener = Durations(server.Uri.Port, (tags, _) => types.Enqueue(tags["error.type"]));
        using var client = new TappedClient { OnConnected = connection => connection.ThrowAtEnd(new HttpIOException(error, "ended")) };

        HttpRequestException e = await Should.ThrowAsync<HttpRequestException>(() => client.GetAsync("sender", server.Uri));

        types.ShouldBe([RuntimeErrorType.Of(e)]);
    }

    /// <summary>If not: tags of the caller's are on the lost exchange and not on the one that makes up for it.</summary>
    [Fact]
    public async Task CallersTags_AreKeptWhereTheGuardLooks_UntilTheRuntimeHasMeasured()
    {
        var added = new ConcurrentQueue<bool>();
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using MeterListener listener = Durations(server.Uri.Port, (tags, _) => added.Enqueue(tags.ContainsKey("mine")));
        using var client = new TappedClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Uri);
        HttpMetricsEnrichmentContext.AddCallback(request, context => context.AddCustomTag("mine", "1"));
        MetricsEnrichment.Keep(request);

        await client.ExchangeAsync("first", request);
        using var again = new HttpRequestMessage(HttpMethod.Get, server.Uri);
        foreach (KeyValuePair<string, object?> option in request.Options)
        {
            ((IDictionary<string, object?>)again.Options).Add(option);
        }

        MetricsEnrichment.PutBack(request);
        foreach (KeyValuePair<string, object?> option in request.Options)
        {
            ((IDictionary<string, object?>)again.Options)[option.Key] = option.Value;
        }

        await client.ExchangeAsync("second", again);

        added.ShouldBe([true, true]);
    }

    private static MeterListener Durations(int port, Action<Dictionary<string, object?>, double> measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "http.client.request.duration")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
        {
            var all = new Dictionary<string, object?>(StringComparer.Ordinal);
            foreach (KeyValuePair<string, object?> tag in tags)
            {
                all[tag.Key] = tag.Value;
            }

            if (all.GetValueOrDefault("server.port") is int to && to == port)
            {
                measured(all, value);
            }
        });
        listener.Start();
        return listener;
    }
}

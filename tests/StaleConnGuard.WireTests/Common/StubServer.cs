using System.Diagnostics;
using System.Globalization;
using WireMock;
using WireMock.Matchers;
using WireMock.ResponseBuilders;
using WireMock.Server;
using WireMock.Settings;
using Request = WireMock.RequestBuilders.Request;
using Response = WireMock.ResponseBuilders.Response;

namespace StaleConnGuard.WireTests.Common;

/// <summary>A WireMock.Net on a free loopback port, for the tests of a class. What it received tells how many attempts came.</summary>
public sealed class StubServer : IDisposable
{
    private static readonly TimeSpan s_journalLimit = TimeSpan.FromSeconds(10);

    private readonly WireMockServer _server = WireMockServer.Start(new WireMockServerSettings
    {
        Urls = ["http://127.0.0.1:0"],
        PreWireMockMiddlewareInit = application => ConnectionFaults.Use((Microsoft.AspNetCore.Builder.IApplicationBuilder)application),
    });

    /// <summary>Where it answers; ends with a slash.</summary>
    public Uri Uri => new(_server.Url + "/");

    public static IResponseBuilder Status(int status, string? retryAfter = null, int delayMilliseconds = 0)
    {
        IResponseBuilder response = Response.Create().WithStatusCode(status).WithBody("answer");
        if (retryAfter is not null)
        {
            response = response.WithHeader("Retry-After", retryAfter);
        }

        return delayMilliseconds > 0 ? response.WithDelay(delayMilliseconds) : response;
    }

    public void Dispose() => _server.Dispose();

    /// <summary>Answers requests to <paramref name="path"/> with these responses in a row, the last one for ever.</summary>
    public void Stub(string path, params IResponseBuilder[] responses)
    {
        for (int i = 0; i < responses.Length; i++)
        {
            IRespondWithAProvider stub = _server.Given(Request.Create().WithPath(new ExactMatcher(path)).UsingAnyMethod());
            if (responses.Length > 1)
            {
                stub = stub.InScenario(path).WillSetStateTo(State(Math.Min(i + 1, responses.Length - 1)));
                stub = i > 0 ? stub.WhenStateIs(State(i)) : stub;
            }

            stub.RespondWith(responses[i]);
        }

        static string State(int i) => string.Create(CultureInfo.InvariantCulture, $"answer {i}");
    }

    /// <summary>
    /// What came to <paramref name="path"/>, in order, once there are <paramref name="expected"/> at least: the journal is written
    /// after the answer. Whether there were more is the caller's to assert.
    /// </summary>
    public async Task<IReadOnlyList<IRequestMessage>> JournalAsync(string path, int expected)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            List<IRequestMessage> seen = [.. _server.LogEntries.Select(e => e.RequestMessage!).Where(r => r.Path == path).OrderBy(r => r.DateTime)];
            if (seen.Count >= expected || Stopwatch.GetElapsedTime(started) > s_journalLimit)
            {
                return seen;
            }

            await Task.Delay(20);
        }
    }
}

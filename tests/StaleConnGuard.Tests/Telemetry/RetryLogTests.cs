using System.Net;
using Microsoft.Extensions.Logging;
using StaleConnGuard.Testing;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Telemetry;

public class RetryLogTests
{
    [Fact]
    public async Task BudgetEmpty_ManyRequests_IsLoggedOnceAMinuteAndOriginWithoutTheAddress()
    {
        var log = new ListLogger();
        var clock = new TestClock();
        var options = new RetryOptions { Budget = new RetryBudgetOptions { Ratio = 0, MinRetriesPerSecond = 0 } };
        var services = new RetryServices { Budgets = new RetryBudgetRegistry(clock), Events = new LogListener(log) };
        using var invoker = new HttpMessageInvoker(new RetryHandler(options, new ReplayOptions(), services) { InnerHandler = new StubHandler(Answers(HttpStatusCode.ServiceUnavailable)) });
        for (int second = 0; second < 90; second++)
        {
            using HttpResponseMessage a = await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://a.test/secret?token=1"), default);
            using HttpResponseMessage b = await invoker.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://b.test/secret?token=1"), default);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        string[] warnings = [.. log.Lines.Where(l => l.Level is LogLevel.Warning).Select(l => l.Text)];
        warnings.Count(w => w.Contains("http://a.test:80", StringComparison.Ordinal)).ShouldBe(2);
        warnings.Count(w => w.Contains("http://b.test:80", StringComparison.Ordinal)).ShouldBe(2);
        log.Lines.ShouldAllBe(l => !l.Text.Contains("secret", StringComparison.Ordinal) && !l.Text.Contains("token", StringComparison.Ordinal));
    }

    private sealed class ListLogger : ILogger
    {
        public List<(LogLevel Level, string Text)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add((logLevel, formatter(state, exception)));
    }
}

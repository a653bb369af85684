using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Pipeline;

/// <summary>A retry handler over a stub, on a virtual clock, with budgets of its own.</summary>
internal sealed class RetryBench : IDisposable
{
    private readonly HttpMessageInvoker _invoker;

    public RetryBench(Func<HttpRequestMessage, int, HttpResponseMessage> answer, Action<RetryOptions>? configure = null, Action<ReplayOptions>? replay = null, ClientTimeout? clientTimeout = null, Func<HttpMessageHandler, HttpMessageHandler>? below = null)
    {
        Stub = new StubHandler(answer);
        Budgets = new RetryBudgetRegistry(Clock);
        // No wait unless a test asks for one, so that the same test can run synchronously.
        var options = new RetryOptions { BaseDelay = TimeSpan.Zero };
        configure?.Invoke(options);
        var replayOptions = new ReplayOptions();
        replay?.Invoke(replayOptions);
        var services = new RetryServices { Budgets = Budgets, Events = Observer, Random = new Random(1), ClientTimeout = clientTimeout };
        Handler = new RetryHandler(options, replayOptions, services) { InnerHandler = below is null ? Stub : below(Stub) };
        _invoker = new HttpMessageInvoker(Handler);
    }

    public TestClock Clock { get; } = new();

    public RetryBudgetRegistry Budgets { get; }

    public RecordingObserver Observer { get; } = new();

    public StubHandler Stub { get; }

    public HttpMessageHandler Handler { get; }

    public IEnumerable<RetryReason> Reasons => Observer.Decisions.Select(d => d.Reason);

    public static HttpResponseMessage Status(HttpStatusCode status) => new(status);

    public static Func<HttpRequestMessage, int, HttpResponseMessage> Answers(params HttpStatusCode[] statuses) =>
        (_, n) => Status(statuses[Math.Min(n, statuses.Length - 1)]);

    public static HttpRequestMessage Request(string method = "GET", HttpContent? content = null) => new(new HttpMethod(method), "http://orders.test/items?id=1") { Content = content };

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, bool sync = false, CancellationToken cancellationToken = default) =>
        sync ? Task.FromResult(_invoker.Send(request, cancellationToken)) : _invoker.SendAsync(request, cancellationToken);

    public void Dispose() => _invoker.Dispose();
}

internal sealed class RecordingObserver : IGuardEvents
{
    public List<RetryDecision> Decisions { get; } = [];

    public List<OriginKey> EmptyBudgets { get; } = [];

    public void Retrying(in RetryAttempt attempt) => Decisions.Add(attempt.Decision);

    public void RetriesStopped(in RetryAttempt attempt) => Decisions.Add(attempt.Decision);

    public void RetryBudgetEmpty(in OriginKey origin) => EmptyBudgets.Add(origin);
}

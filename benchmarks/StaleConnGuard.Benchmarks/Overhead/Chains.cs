using System.Net;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace StaleConnGuard.Benchmarks;

/// <summary>One of them, made around the handler below it.</summary>
internal sealed record Chain(string Name, Func<HttpMessageHandler, HttpMessageHandler> Make);

/// <summary>The handler chains that are compared: ours, and what a user would pick instead.</summary>
internal static class Chains
{
    /// <summary>The bare handler first, what is compared with last.</summary>
    public static IReadOnlyList<Chain> All { get; } =
    [
        new("bare handler", static inner => inner),
        new("guard and retries, defaults", GuardAndRetry),
        new("guard and retries, a handler of the application between", GuardAndRetryApart),
        new("guard alone", GuardAlone),
        new("Polly retry", PollyRetry),
        new("AddStandardResilienceHandler()", Standard),
    ];

    /// <summary>Those that the regression gate looks at.</summary>
    public static IReadOnlyList<Chain> Gate { get; } = [All[0], All[1], All[2]];

    /// <summary>
    /// What a client pays whose handlers may repeat a request that is not safe to repeat. To be measured after the others: once such a client has sent, every POST of the
    /// process is asked whether it has been noted.
    /// </summary>
    public static IReadOnlyList<Chain> MayRepeat { get; } = [All[0], All[2], new("the same, as the factory makes it: noted for whoever repeats it", GuardAndRetryMayRepeat), All[^1]];

    /// <summary>Guard and retries with default options.</summary>
    public static HttpMessageHandler GuardAndRetry(HttpMessageHandler inner)
    {
        var options = new StaleConnGuardOptions();
        return new RetryHandler(options.Retry, options.Replay, new RetryServices()) { InnerHandler = GuardAlone(inner) };
    }

    /// <summary>The same with a handler between the two that does nothing, as in a client that has handlers of its own.</summary>
    public static HttpMessageHandler GuardAndRetryApart(HttpMessageHandler inner)
    {
        var options = new StaleConnGuardOptions();
        return new RetryHandler(options.Retry, options.Replay, new RetryServices()) { InnerHandler = new PassingHandler(GuardAlone(inner)) };
    }

    /// <summary>The same as the factory makes it: each request that is not safe to repeat is noted at the upper end, so that the guard knows its copies.</summary>
    public static HttpMessageHandler GuardAndRetryMayRepeat(HttpMessageHandler inner)
    {
        var options = new StaleConnGuardOptions();
        object chain = new();
        var retry = new RetryHandler(options.Retry, options.Replay, new RetryServices()) { InnerHandler = new PassingHandler(Guard(inner, chain)) };
        return new RequestIdentityHandler(chain) { InnerHandler = retry };
    }

    public static HttpMessageHandler GuardAlone(HttpMessageHandler inner) => Guard(inner, chain: null);

    private static ConnectionGuardHandler Guard(HttpMessageHandler inner, object? chain)
    {
        var guard = new ConnectionGuard(new KeepAliveLedger(), TimeProvider.System);
        var settings = new GuardSettingsHolder(GuardSettings.Default);
        if (inner is SocketsHttpHandler sockets)
        {
            GuardedConnections.Prepare(sockets, guard, new StaleConnGuardOptions(), settings);
        }

        return new ConnectionGuardHandler(guard, settings, inner) { Chain = chain };
    }

    /// <summary>A retry on any failure, as most people write it.</summary>
    public static HttpMessageHandler PollyRetry(HttpMessageHandler inner) =>
        new PipelineHandler(new ResiliencePipelineBuilder<HttpResponseMessage>().AddRetry(Retry(TimeSpan.FromMilliseconds(200))).Build(), inner);

    /// <summary>The standard handler of Microsoft.Extensions.Http.Resilience.</summary>
    public static HttpMessageHandler Standard(HttpMessageHandler inner) => new StandardHandler().Around(inner);

    private static RetryStrategyOptions<HttpResponseMessage> Retry(TimeSpan delay) => new()
    {
        MaxRetryAttempts = 3,
        Delay = delay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = static args => ValueTask.FromResult(IsTransient(args.Outcome)),
    };

    private static bool IsTransient(Outcome<HttpResponseMessage> outcome) => outcome switch
    {
        { Exception: HttpRequestException or TimeoutRejectedException } => true,
        { Result.StatusCode: >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests } => true,
        _ => false,
    };

    private sealed class PassingHandler(HttpMessageHandler inner) : DelegatingHandler(inner);
}

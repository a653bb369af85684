using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Telemetry;

/// <summary>The guard's log messages, those of the retry layer too. Ids and names are stable. Never a path, query, header or body.</summary>
/// <remarks>The only class of them: the generator writes several in an order that differs from build to build.</remarks>
internal static partial class GuardLog
{
    public const string Category = "StaleConnGuard";

    private const string Fields = " Delivery {Delivery}, decision {Decision}, connection age {ConnectionAge}, {RequestsOnConnection} requests on the connection before, keep-alive limit {Limit} ({LimitSource}), {Replays} replays before.";

    [LoggerMessage(101, LogLevel.Warning, "A request to {Origin} failed on a connection that the server ended as it was taken (idle for {IdleAge}, {End}), and is not replayed; a layer above may still send it again." + Fields, EventName = "StaleHitSurfaced")]
    public static partial void StaleHitSurfaced(
        ILogger logger, string origin, TimeSpan idleAge, ConnectionEnd end, Delivery delivery, ReplayDecision decision, TimeSpan connectionAge, int requestsOnConnection, TimeSpan? limit, KeepAliveLimitSource limitSource, int replays);

    [LoggerMessage(102, LogLevel.Debug, "A request to {Origin} met a connection that the server ended as it was taken (idle for {IdleAge}, {End}), and is sent again on a fresh one." + Fields, EventName = "StaleHitHealed")]
    public static partial void StaleHitHealed(
        ILogger logger, string origin, TimeSpan idleAge, ConnectionEnd end, Delivery delivery, ReplayDecision decision, TimeSpan connectionAge, int requestsOnConnection, TimeSpan? limit, KeepAliveLimitSource limitSource, int replays);

    [LoggerMessage(107, LogLevel.Information, "The server at {Origin} closes idle connections after {ServerTimeout} ({Source}, {Outcome}); connections are taken below that age from now on.", EventName = "ServerTimeoutLearned")]
    public static partial void TimeoutLearned(ILogger logger, OriginKey origin, TimeSpan serverTimeout, KeepAliveLimitSource source, LearningOutcome outcome);

    [LoggerMessage(103, LogLevel.Warning, "The connections of client '{Client}' are not guarded, because its primary handler is {Handler}. Retries work. {Remedy}", EventName = "ForeignPrimaryHandler")]
    public static partial void ForeignPrimaryHandler(ILogger logger, string client, string handler, string remedy);

    [LoggerMessage(104, LogLevel.Warning, "The SocketsHttpHandler of client '{Client}' had sent requests before the guard was put around it: its connections are not guarded. Retries work.", EventName = "HandlerInUse")]
    public static partial void HandlerInUse(ILogger logger, string client);

    [LoggerMessage(110, LogLevel.Warning, "YARP is registered, and makes its clients itself: their connections are not guarded. Call AddStaleConnGuard() of the package StaleConnGuard.Yarp on the builder that AddReverseProxy() returns.", EventName = "ReverseProxyUnguarded")]
    public static partial void ReverseProxyUnguarded(ILogger logger);

    [LoggerMessage(106, LogLevel.Warning, "Settings of client '{Client}' race: {Finding}", EventName = "SettingsRace")]
    public static partial void SettingsRace(ILogger logger, string client, string finding);

    [LoggerMessage(105, LogLevel.Error, "Reloaded options are not valid and were not taken; those before stay in force: {Reason}", EventName = "ReloadRejected")]
    public static partial void ReloadRejected(ILogger logger, string reason);

    [LoggerMessage(108, LogLevel.Information, "Reloaded options are valid and in force.", EventName = "ReloadAccepted")]
    public static partial void ReloadAccepted(ILogger logger);

    [LoggerMessage(109, LogLevel.Warning, "'{Section}' in the configuration has no effect: {Reason}", EventName = "UnusedConfiguration")]
    public static partial void UnusedConfiguration(ILogger logger, string section, string reason);

    [LoggerMessage(111, LogLevel.Warning, "The ledger's file {Path} {Problem}", EventName = "LedgerFileProblem")]
    public static partial void LedgerFileProblem(ILogger logger, string path, string problem);

    [LoggerMessage(112, LogLevel.Warning, "{Runtime} does not do what the guard relies on ({Breach}): it steps aside, and the connections of this handler are not guarded from now on. Retries work. Please report it.", EventName = "RuntimeContractBroken")]
    public static partial void RuntimeContractBroken(ILogger logger, string runtime, RuntimeContractBreach breach);

    [LoggerMessage(113, LogLevel.Debug, "The runtime sends a {Method} to {Origin} again: the server said that it had not processed it (GOAWAY, REFUSED_STREAM).", EventName = "RuntimeRepeats")]
    public static partial void RuntimeRepeats(ILogger logger, HttpMethod method, OriginKey origin);

    [LoggerMessage(120, LogLevel.Information, "Client '{Client}' has a handler that repeats requests, {Handler}: its retries are the only ones, the guard's own stand down. Set Retry:Enabled to true to have both, or to false to have this unsaid.", EventName = "RetriesStandDown")]
    public static partial void RetriesStandDown(ILogger logger, string client, string handler);

    [LoggerMessage(122, LogLevel.Warning, "Client '{Client}' has two retry layers: Retry:Enabled is true beside {Handler}. One request may be sent {Attempts} times for each attempt of that handler, {Together} times with its default of 4. Leave Retry:Enabled unset or set it to false.", EventName = "TwoRetryLayers")]
    public static partial void TwoRetryLayers(ILogger logger, string client, string handler, int attempts, int together);

    [LoggerMessage(123, LogLevel.Warning, "Client '{Client}' has a handler that repeats requests, {Handler}, so the guard's retries stand down, and with them Retry.ConfigurePipeline. Move its strategies to that handler, or set Retry.Enabled to true.", EventName = "PipelineStandsDown")]
    public static partial void PipelineStandsDown(ILogger logger, string client, string handler);

    [LoggerMessage(121, LogLevel.Warning, "A {Method} to {Origin} was not sent again, as a layer above asked: an earlier send of it got no answer, and the server may have executed it. If executing it twice does no harm, say so: MarkSafeToRepeat() on the request, an Idempotency-Key header, or Replay:RepeatsFromAbove set to Allow for the client. Said once a request.", EventName = "RepeatRefused")]
    public static partial void RepeatRefused(ILogger logger, HttpMethod method, OriginKey origin);

    [LoggerMessage(201, LogLevel.Warning, "The retry budget of '{Origin}' is empty: failed requests are not retried for now. Said at most once a minute.", EventName = "RetryBudgetEmpty")]
    public static partial void BudgetEmpty(ILogger logger, OriginKey origin);

    [LoggerMessage(202, LogLevel.Debug, "Retrying a request to '{Origin}' in {Delay}, {Retries} retries so far: {Reason}.", EventName = "Retrying")]
    public static partial void Retrying(ILogger logger, OriginKey? origin, TimeSpan delay, int retries, RetryReason reason);

    [LoggerMessage(203, LogLevel.Debug, "Not retrying a request to '{Origin}' after {Retries} retries: {Reason}.", EventName = "NotRetrying")]
    public static partial void NotRetrying(ILogger logger, OriginKey? origin, int retries, RetryReason reason);
}

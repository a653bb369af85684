namespace StaleConnGuard.Telemetry;

/// <summary>Names of tags. Values are names of enum members, the same as in logs and exceptions.</summary>
internal static class TelemetryTags
{
    public const string Delivery = "staleconnguard.delivery";
    public const string Outcome = "staleconnguard.outcome";
    public const string Decision = "staleconnguard.decision";
    public const string Reason = "staleconnguard.reason";
    public const string LimitSource = "staleconnguard.limit.source";
    public const string Limit = "staleconnguard.limit";
    public const string Cluster = "staleconnguard.cluster";
    public const string IdleAge = "staleconnguard.connection.idle_age";
    public const string ConnectionAge = "staleconnguard.connection.age";
    public const string RequestsOnConnection = "staleconnguard.connection.requests";

    // OpenTelemetry semantic conventions.
    public const string ServerAddress = "server.address";
    public const string ServerPort = "server.port";
    public const string UrlScheme = "url.scheme";
    public const string ErrorType = "error.type";
    public const string RequestMethod = "http.request.method";
    public const string ProtocolVersion = "network.protocol.version";

    /// <summary>What the conventions say for a value outside the known ones.</summary>
    public const string Other = "_OTHER";

    /// <summary>The method as the runtime writes it (see <see cref="WireMethod"/>), or <see cref="Other"/>: a method is the application's free text.</summary>
    public static string Method(HttpMethod? method) => method is null ? Other : WireMethod.KnownName(method) ?? Other;

    /// <summary>As the runtime writes it: <c>2</c> for a connection that carries several requests at once, <c>1.1</c> for any other.</summary>
    public static string ProtocolVersionOf(IGuardedConnection? connection) => connection is ISharedConnection ? "2" : "1.1";

    /// <summary>What became of the request, in three words.</summary>
    public static string OutcomeOf(ReplayDecision decision)
    {
        if (decision.IsReplay())
        {
            return "replayed";
        }

        return decision is ReplayDecision.SurfaceCancelled ? "cancelled" : "surfaced";
    }
}

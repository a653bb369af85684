namespace StaleConnGuard.Telemetry;

/// <summary>The <c>error.type</c> that the runtime's own metric gives a failed exchange, of those that the guard makes up for.</summary>
internal static class RuntimeErrorType
{
    private static readonly string s_unknown = typeof(HttpRequestException).FullName!;

    public static string Of(Exception? failure) => failure switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => "response_ended",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "connection_error",
        HttpRequestException { HttpRequestError: HttpRequestError.HttpProtocolError } => "http_protocol_error",
        HttpRequestException { HttpRequestError: HttpRequestError.Unknown } => s_unknown,

        // Content of the application may have failed with the connection, in words of its own.
        _ => TelemetryTags.Other,
    };
}

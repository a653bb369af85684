using System.Text.Json.Nodes;

namespace StaleConnGuard.Testing;

/// <summary>The connection faults WireMock can commit instead of answering.</summary>
public enum WireMockFault
{
    /// <summary>A reset (RST).</summary>
    ConnectionResetByPeer,

    /// <summary>Closed without a byte.</summary>
    EmptyResponse,

    /// <summary>An OK status line, then garbage, then closed.</summary>
    MalformedResponseChunk,

    /// <summary>Garbage, then closed.</summary>
    RandomDataThenClose,
}

/// <summary>Responses for <see cref="WireMockServer.StubAsync"/>.</summary>
public static class WireMockAnswer
{
    public static JsonObject Status(int status, string? retryAfter = null, int delayMilliseconds = 0)
    {
        var response = new JsonObject { ["status"] = status, ["body"] = "answer" };
        if (retryAfter is not null)
        {
            response["headers"] = new JsonObject { ["Retry-After"] = retryAfter };
        }

        if (delayMilliseconds > 0)
        {
            response["fixedDelayMilliseconds"] = delayMilliseconds;
        }

        return response;
    }

    public static JsonObject Fault(WireMockFault fault) => new()
    {
        ["fault"] = fault switch
        {
            WireMockFault.ConnectionResetByPeer => "CONNECTION_RESET_BY_PEER",
            WireMockFault.EmptyResponse => "EMPTY_RESPONSE",
            WireMockFault.MalformedResponseChunk => "MALFORMED_RESPONSE_CHUNK",
            _ => "RANDOM_DATA_THEN_CLOSE",
        },
    };
}

using System.Net;
using System.Net.Sockets;

namespace StaleConnGuard.Testing.Resilience;

/// <summary>What the server does to a request.</summary>
public enum ServerBehaviour
{
    /// <summary>Answers 503.</summary>
    Answers503,

    /// <summary>Is not there.</summary>
    RefusesConnections,

    /// <summary>Executes the request and resets the connection, each time.</summary>
    ExecutesAndResets,

    /// <summary>Closes the idle connection as it is taken; answers on every other.</summary>
    ClosesAsTaken,

    /// <summary>Resets it.</summary>
    ResetsAsTaken,
}

/// <summary>How often one request was sent and executed.</summary>
/// <param name="Sent">Attempts on the wire.</param>
/// <param name="Executed">Executions by the server.</param>
/// <param name="Raced">Connections that were ended as the request was about to be written on them.</param>
/// <param name="Outcome">What the caller got: a status, or the name of an exception.</param>
/// <param name="Said">What the guard logged at Information or above.</param>
public sealed record AttemptCount(int Sent, int Executed, int Raced, string Outcome, IReadOnlyList<string> Said)
{
    /// <summary>Whether this server ends idle connections as they are taken: then a count without a race is worth nothing.</summary>
    public static bool Races(ServerBehaviour behaviour) => behaviour is ServerBehaviour.ClosesAsTaken or ServerBehaviour.ResetsAsTaken;

    /// <summary>Sends one request to a server that does this, after one that leaves a connection in the pool where the behaviour needs it.</summary>
    public static async Task<AttemptCount> OfAsync(Neighbour neighbour, Beside beside, HttpMethod method, ServerBehaviour behaviour, Action<HttpRequestMessage>? prepare = null)
    {
        int raced = 0;
        await using var server = new EndingServer(behaviour is ServerBehaviour.ResetsAsTaken ? Ending.Reset : Ending.Close, behaviour);
        await using var client = new NeighbourClient(neighbour, beside);
        if (Races(behaviour))
        {
            using HttpResponseMessage warm = await client.Http.GetAsync(server.Uri);
            client.BeforeReuse = () =>
            {
                raced++;
                return server.EndAsync();
            };
        }

        int before = client.Attempts;
        using var request = new HttpRequestMessage(method, behaviour is ServerBehaviour.RefusesConnections ? ClosedPort() : server.Uri);
        request.Headers.Add("X-Request-Id", "counted");
        request.Content = method == HttpMethod.Post ? new StringContent("order") : null;
        prepare?.Invoke(request);
        string outcome;
        try
        {
            using HttpResponseMessage response = await client.Http.SendAsync(request);
            outcome = ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception e)
        {
            outcome = e.GetType().Name;
        }

        return new AttemptCount(client.Attempts - before, server.Executions("counted"), raced, outcome, client.Said);
    }

    private static Uri ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://{listener.LocalEndpoint}/");
    }
}

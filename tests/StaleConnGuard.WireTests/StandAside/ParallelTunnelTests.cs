using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.StandAside;

/// <summary>Each tunnel is tied to its own transport: what the kernel says of one that is closed must never be taken for another's.</summary>
public class ParallelTunnelTests
{
    private const int Tunnels = 6;

    [Fact]
    public async Task Tunnels_MadeAtOnceAndSomeClosedWhileIdle_ProofIsOfTheConnectionThatCarriedTheRequest()
    {
        using var allHere = new CountdownEvent(Tunnels);
        var closeIdle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var proxy = new ConnectProxy();
        await using var server = new ScriptedServer(
            async connection =>
            {
                ScriptedRequest? first = await connection.ReadRequestAsync();
                if (connection.Index < Tunnels)
                {
                    allHere.Signal();
                    await Task.Run(() => allHere.Wait(TimeSpan.FromSeconds(20)));
                }

                await connection.AnswerAsync(first!);
                if (connection.Index % 2 == 0)
                {
                    await closeIdle.Task;
                    await connection.CloseAsync();
                    return;
                }

                while (await connection.ReadRequestAsync() is ScriptedRequest request)
                {
                    connection.Execute(request);
                    await connection.CloseAsync();
                    return;
                }
            },
            tls: true);
        using var client = new GuardedClient(configure: handler => handler.Proxy = new WebProxy(proxy.Uri));
        await Task.WhenAll(Enumerable.Range(0, Tunnels).Select(_ => client.GetAsync(server.Uri)));
        proxy.Tunnels.ShouldBe(Tunnels);
        closeIdle.SetResult();
        await proxy.EndPassedOn;

        // Those that meet one of the odd connections are executed, and the connection closed; the others may meet an end that is still under way.
        Exception?[] failures = await Task.WhenAll(Enumerable.Range(0, Tunnels).Select(i => FailureOfAsync(client, server.Uri, $"post-{i}")));

        server.TotalExecutions.ShouldBeGreaterThan(Tunnels + (Tunnels / 2) - 1);
        for (int i = 0; i < Tunnels; i++)
        {
            int executions = server.Executions.GetValueOrDefault($"post-{i}");
            executions.ShouldBeInRange(failures[i] is null ? 1 : 0, 1);
        }

        failures.Count(failure => failure is not null).ShouldBeGreaterThanOrEqualTo(Tunnels / 2);
        failures.Where(failure => failure is not null).ShouldAllBe(failure => ((StaleConnectionException)failure!).Delivery == Delivery.Unknown);
    }

    private static async Task<Exception?> FailureOfAsync(GuardedClient client, Uri uri, string id)
    {
        try
        {
            using HttpResponseMessage response = await client.SendAsync(GuardedClient.Request("POST", uri, "bytes", id));
            return null;
        }
        catch (HttpRequestException e)
        {
            return e;
        }
    }
}

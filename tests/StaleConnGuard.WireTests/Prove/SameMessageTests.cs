using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>HttpMessageInvoker sends one message as often as its owner likes: each is a request of its own, with replays of its own.</summary>
public class SameMessageTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Put_EveryConnectionIsResetAsItIsTakenAgain_IsReplayedEachTime(bool sync)
    {
        // Each connection answers one request, and resets as soon as the next one comes.
        await using var server = new ScriptedServer(async connection =>
        {
            await connection.AnswerAsync((await connection.ReadRequestAsync())!);
            await connection.ReadRequestAsync();
            connection.Reset();
        });
        using var client = new GuardedClient();
        using var invoker = new HttpMessageInvoker(client.Handler, disposeHandler: false);
        using HttpRequestMessage request = GuardedClient.Request("PUT", server.Uri, "bytes");

        for (int i = 0; i < 5; i++)
        {
            using HttpResponseMessage response = sync ? await Task.Run(() => invoker.Send(request, CancellationToken.None)) : await invoker.SendAsync(request, CancellationToken.None);
            response.StatusCode.ShouldBe(HttpStatusCode.OK, $"send {i}");
        }

        client.Observer.Hits.Count(h => h.Decision is ReplayDecision.ReplaySafeToRepeat).ShouldBe(4);
        server.Connections.ShouldBe(5);
    }
}

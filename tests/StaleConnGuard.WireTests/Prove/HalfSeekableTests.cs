using System.Net;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Prove;

/// <summary>A stream that claims to be seekable and refuses to be sought: the guarded client is never worse than the plain one.</summary>
public class HalfSeekableTests
{
    [Theory]
    [InlineData("position", true)]
    [InlineData("position", false)]
    [InlineData("seek", true)]
    [InlineData("seek", false)]
    [InlineData("nothing", true)]
    [InlineData("nothing", false)]
    public async Task Body_NothingGoesWrong_IsSent(string refuses, bool guarded)
    {
        List<byte[]> bodies = [];
        await using var server = new ScriptedServer(async connection =>
        {
            while (await connection.ReadRequestAsync() is ScriptedRequest request)
            {
                bodies.Add(request.Body);
                await connection.AnswerAsync(request);
            }
        });
        using var client = new GuardedClient(guarded);
        using HttpRequestMessage request = GuardedClient.Request("PUT", server.Uri);
        request.Content = new StreamContent(new HalfSeekableStream(refuses));

        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        bodies.ShouldBe([[1, 2, 3]]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Body_LookedAtAsAStreamBefore_IsSent(bool guarded)
    {
        await using var server = new ScriptedServer(connection => connection.AnswerAllAsync());
        using var client = new GuardedClient(guarded);
        using HttpRequestMessage request = GuardedClient.Request("PUT", server.Uri, "stream");
        (await request.Content!.ReadAsStreamAsync()).Length.ShouldBe(3);

        using HttpResponseMessage response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Body_ConnectionIsReset_SurfacesTheStaleHitAndNotTheStreamsRefusal()
    {
        await using var race = new StaleRace(guarded: true, ending: Ending.Reset);
        await race.WarmUpAsync();
        HttpRequestMessage request = ReplayTests.Request("PUT", "none");
        request.Content = new StreamContent(new HalfSeekableStream("position"));

        // The body may have been read or not when the reset is seen; sent again or given up, it is never sent in part.
        try
        {
            using HttpResponseMessage response = await race.SendAsync(request);
        }
        catch (StaleConnectionException e)
        {
            e.Decision.ShouldBe(ReplayDecision.SurfaceBodyConsumed);
        }

        race.Happened.ShouldBeTrue();
    }

    private sealed class HalfSeekableStream(string refuses) : MemoryStream([1, 2, 3])
    {
        public override bool CanSeek => true;

        public override long Position
        {
            get => base.Position;
            set => base.Position = refuses == "position" ? throw new NotSupportedException() : value;
        }

        public override long Seek(long offset, SeekOrigin loc) => refuses == "seek" ? throw new NotSupportedException() : base.Seek(offset, loc);
    }
}

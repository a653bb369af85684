using System.Net;
using StaleConnGuard.Testing;
using static StaleConnGuard.Tests.Pipeline.RetryBench;

namespace StaleConnGuard.Tests.Pipeline;

public class OneShotBufferTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_StreamThatFits_IsSentAgain(bool sync)
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), replay: r => r.BufferOneShotUpTo = 5);
        HttpRequestMessage request = Request("PUT", OneShot.Content("1234"));
        request.Content!.Headers.Add("Content-Type", "text/x-test");
        using HttpResponseMessage response = await bench.SendAsync(request, sync);
        bench.Stub.Seen.Select(s => s.Body).ShouldBe(["1234", "1234"]);
        request.Content.Headers.ContentType!.MediaType.ShouldBe("text/x-test");
        request.Content.Headers.ContentLength.ShouldBe(4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Send_StreamTooLarge_GoesOutOnceAndWhole(bool sync)
    {
        string text = string.Concat(Enumerable.Range(0, 100_000).Select(i => i % 10));
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), replay: r => r.BufferOneShotUpTo = 1_000);
        using HttpResponseMessage response = await bench.SendAsync(Request("PUT", OneShot.Content(text)), sync);
        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        bench.Stub.Seen.Single().Body.ShouldBe(text);
        bench.Reasons.ShouldBe([RetryReason.StoppedBodyOneShot]);
    }

    [Fact]
    public async Task Send_WritingContentThatFits_IsSentAgainAndWrittenOnce()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), replay: r => r.BufferOneShotUpTo = 6);
        PushContent content = OneShot.Pushed("ab", "cd", "ef");
        using HttpResponseMessage response = await bench.SendAsync(Request("PUT", content));
        bench.Stub.Seen.Select(s => s.Body).ShouldBe(["abcdef", "abcdef"]);
        content.PiecesWritten.ShouldBe(3);
    }

    [Fact]
    public async Task Fill_WritingContentTooLarge_IsHeldBackAtTheLimit()
    {
        PushContent content = OneShot.Pushed("ab", "cd", "ef", "gh");
        HttpRequestMessage request = Request("PUT", content);
        await OneShotBuffer.FillAsync(request, 5, CancellationToken.None);
        content.PiecesWritten.ShouldBe(2);
        (await request.Content!.ReadAsStringAsync()).ShouldBe("abcdefgh");
        content.PiecesWritten.ShouldBe(4);
    }

    [Fact]
    public async Task Fill_WritingContentTooLarge_CannotBeSentTwice()
    {
        HttpRequestMessage request = Request("PUT", OneShot.Pushed("abc", "def"));
        await OneShotBuffer.FillAsync(request, 4, CancellationToken.None);
        BodyRepeatabilityClassifier.Classify(request.Content).ShouldBe(BodyRepeatability.OneShot);
        await request.Content!.CopyToAsync(Stream.Null);
        await Should.ThrowAsync<InvalidOperationException>(() => request.Content.CopyToAsync(Stream.Null));
    }

    [Fact]
    public async Task Dispose_HeldBackContentNeverSent_EndsTheWriterAndDisposesIt()
    {
        PushContent content = OneShot.Pushed("abc", "def");
        HttpRequestMessage request = Request("PUT", content);
        await OneShotBuffer.FillAsync(request, 4, CancellationToken.None);
        request.Dispose();
        content.IsDisposed.ShouldBeTrue();
        content.PiecesWritten.ShouldBe(1);
    }

    [Fact]
    public async Task Dispose_KeptContent_DisposesTheOriginal()
    {
        PushContent content = OneShot.Pushed("abc");
        HttpRequestMessage request = Request("PUT", content);
        await OneShotBuffer.FillAsync(request, 4, CancellationToken.None);
        request.Dispose();
        content.IsDisposed.ShouldBeTrue();
    }

    [Fact]
    public async Task Fill_Cancelled_Throws()
    {
        HttpRequestMessage request = Request("PUT", OneShot.Content("abc"));
        await Should.ThrowAsync<OperationCanceledException>(() => OneShotBuffer.FillAsync(request, 4, new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Send_NotSwitchedOn_LeavesTheContentAlone()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.OK));
        HttpRequestMessage request = Request("PUT", OneShot.Content("abc"));
        HttpContent content = request.Content!;
        using HttpResponseMessage response = await bench.SendAsync(request);
        request.Content.ShouldBeSameAs(content);
    }

    [Fact]
    public async Task Send_RepeatableOrKnownTooLarge_LeavesTheContentAlone()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.OK), replay: r => r.BufferOneShotUpTo = 2);
        HttpContent[] contents = [new StringContent("abc"), new StreamContent(new MemoryStream([1, 2, 3])), OneShot.Content("abc")];
        contents[2].Headers.ContentLength = 3;
        foreach (HttpContent content in contents)
        {
            HttpRequestMessage request = Request("PUT", content);
            using HttpResponseMessage response = await bench.SendAsync(request);
            request.Content.ShouldBeSameAs(content);
        }
    }

    [Fact]
    public async Task Send_RetriesDisabled_StillKeepsTheContent()
    {
        using var bench = new RetryBench(Answers(HttpStatusCode.OK), o => o.Enabled = false, r => r.BufferOneShotUpTo = 10);
        HttpRequestMessage request = Request("PUT", OneShot.Content("abc"));
        using HttpResponseMessage response = await bench.SendAsync(request);
        BodyRepeatabilityClassifier.Classify(request.Content).ShouldBe(BodyRepeatability.Memory);
    }

    [Fact]
    public async Task Fill_KnownLength_KeepsExactlyThatMuch()
    {
        HttpRequestMessage request = Request("PUT", OneShot.Pushed("ab", "cd"));
        request.Content!.Headers.ContentLength = 4;
        await OneShotBuffer.FillAsync(request, 1_000, CancellationToken.None);
        BodyRepeatabilityClassifier.Classify(request.Content).ShouldBe(BodyRepeatability.Memory);
        (await request.Content.ReadAsStringAsync()).ShouldBe("abcd");
        (await request.Content.ReadAsStringAsync()).ShouldBe("abcd");
    }

    [Fact]
    public async Task Fill_WritesMoreThanItSays_Fails()
    {
        HttpRequestMessage request = Request("PUT", OneShot.Pushed("ab", "cd"));
        request.Content!.Headers.ContentLength = 3;
        var e = await Should.ThrowAsync<HttpRequestException>(() => OneShotBuffer.FillAsync(request, 1_000, CancellationToken.None));
        e.Message.ShouldContain("3 bytes");
    }

    [Fact]
    public async Task Fill_DeclaredEmpty_IsNotAsked()
    {
        PushContent content = OneShot.Pushed("never");
        content.Headers.ContentLength = 0;
        HttpRequestMessage request = Request("POST", content);
        await OneShotBuffer.FillAsync(request, 10, CancellationToken.None);
        content.PiecesWritten.ShouldBe(0);
        (await request.Content!.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(null, false, null, true, true)]
    [InlineData(null, false, null, false, false)]
    [InlineData(10L, false, null, false, true)]
    [InlineData(11L, false, null, true, false)]
    [InlineData(4L, true, null, true, false)]
    [InlineData(4L, false, "application/grpc", true, false)]
    [InlineData(null, false, "application/grpc+proto", true, false)]
    [InlineData(4L, false, "application/json", true, true)]
    public void IsNeeded_OnlyWhatFitsAndMayBeHeldBack(long? length, bool expect, string? type, bool unknownLength, bool needed)
    {
        HttpRequestMessage request = Request("POST", OneShot.Pushed("1234"));
        request.Content!.Headers.ContentLength = length;
        request.Headers.ExpectContinue = expect ? true : null;
        if (type is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        OneShotBuffer.IsNeeded(request, 10, unknownLength).ShouldBe(needed);
    }
}

using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace StaleConnGuard.Tests.Decisions;

public class BodyRepeatabilityTests
{
    public static TheoryData<string, object?, bool> JsonValues() => new()
    {
        { "object", new { a = 1 }, true },
        { "string", "text", true },
        { "null", null, true },
        { "array", new[] { 1, 2 }, true },
        { "list", new List<string> { "a" }, true },
        { "set", new HashSet<int> { 1 }, true },
        { "read-only", new Queue<int>([1]), true },
        { "dictionary", new Dictionary<string, int> { ["a"] = 1 }, true },
        { "node", JsonNode.Parse("{\"a\":[1]}"), true },
        { "iterator", Iterate(), false },
        { "async iterator", IterateAsync(), false },
        { "query", Enumerable.Range(0, 3).Where(i => i > 0), false },
    };

    [Theory]
    [MemberData(nameof(JsonValues))]
    public void Json_CanBeSentAgain_UnlessItsValueMayBeReadOnce(string kind, object? value, bool again)
    {
        BodyRepeatability body = BodyRepeatabilityClassifier.Classify(JsonContent.Create(value, value?.GetType() ?? typeof(object)));

        body.CanBeSentAgain().ShouldBe(again, kind);
    }

    public static TheoryData<string, HttpContent, string> Contents() => new()
    {
        { "bytes", new ByteArrayContent([1]), nameof(BodyRepeatability.Memory) },
        { "string", new StringContent("a"), nameof(BodyRepeatability.Memory) },
        { "form", new FormUrlEncodedContent([new("a", "b")]), nameof(BodyRepeatability.Memory) },
        { "memory", new ReadOnlyMemoryContent(new byte[1]), nameof(BodyRepeatability.Memory) },
        { "seekable stream", new StreamContent(new MemoryStream([1])), nameof(BodyRepeatability.Restartable) },
        { "stream", OneShot.Content("a"), nameof(BodyRepeatability.OneShot) },
        { "multipart", new MultipartContent { new StringContent("a") }, nameof(BodyRepeatability.Restartable) },
        { "form data", new MultipartFormDataContent { new StringContent("a") }, nameof(BodyRepeatability.Restartable) },
        { "multipart with a stream", new MultipartContent { OneShot.Content("a") }, nameof(BodyRepeatability.OneShot) },
        { "own", OneShot.Pushed("a"), nameof(BodyRepeatability.OneShot) },

        // Derived with nothing but a constructor: written as its base is.
        { "derived string", new TextBody(), nameof(BodyRepeatability.Restartable) },
        { "derived twice", new TextBodyOfMine(), nameof(BodyRepeatability.Restartable) },
        { "derived form data", new Upload(), nameof(BodyRepeatability.Restartable) },
        { "derived stream", new FileBody(new MemoryStream([1])), nameof(BodyRepeatability.Restartable) },
        { "derived one-shot stream", new FileBody(new ForwardOnlyStream([1])), nameof(BodyRepeatability.OneShot) },
        { "derived and disposes", new DisposingBody(), nameof(BodyRepeatability.Restartable) },

        // Derived, and the application's code.
        { "derived and written otherwise", new Overriding(), nameof(BodyRepeatability.OneShot) },
        { "derived from that", new OverridingByInheritance(), nameof(BodyRepeatability.OneShot) },
        { "derived with a length of its own", new MeasuredBody(), nameof(BodyRepeatability.OneShot) },
        { "in a part", new MultipartContent { new StringContent("a"), new Overriding() }, nameof(BodyRepeatability.OneShot) },
        { "in a part of a part", new MultipartContent { new MultipartFormDataContent { new Overriding() } }, nameof(BodyRepeatability.OneShot) },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public void Classify_Content_ByItsExactClass(string kind, HttpContent content, string expected) =>
        BodyRepeatabilityClassifier.Classify(content).ToString().ShouldBe(expected, kind);

    [Fact]
    public async Task Loaded_OwnContent_CanBeSentAgain()
    {
        PushContent content = OneShot.Pushed("a", "b");
        BodyRepeatabilityClassifier.CanBeSentAgain(content).ShouldBeFalse();
        content.PiecesWritten.ShouldBe(0);

        await content.LoadIntoBufferAsync();

        BodyRepeatabilityClassifier.CanBeSentAgain(content).ShouldBeTrue();
        BodyRepeatabilityClassifier.CanBeSentAgain(new MultipartContent { content, new StringContent("c") }).ShouldBeTrue();
        content.PiecesWritten.ShouldBe(2);
    }

    [Fact]
    public void NotLoaded_ContentWithALength_IsAskedWithoutBeingRun()
    {
        var content = new Overriding { Headers = { ContentLength = 3 } };

        BodyRepeatabilityClassifier.CanBeSentAgain(content).ShouldBeFalse();

        content.Runs.ShouldBe(0);
    }

    [Fact]
    public void Disposed_OwnContent_CannotBeSentAgain()
    {
        PushContent content = OneShot.Pushed("a");
        content.Dispose();

        BodyRepeatabilityClassifier.CanBeSentAgain(content).ShouldBeFalse();
    }

    [Fact]
    public void NoContent_CanBeSentAgain()
    {
        BodyRepeatabilityClassifier.Classify(null).ShouldBe(BodyRepeatability.None);
        BodyRepeatabilityClassifier.CanBeSentAgain(null).ShouldBeTrue();
    }

    [Fact]
    public void Kept_BytesOfAOneShotBody_AreInMemory() =>
        BodyRepeatabilityClassifier.Classify(new KeptContent(new byte[3], OneShot.Content("abc"))).ShouldBe(BodyRepeatability.Memory);

    [Fact]
    public async Task Stream_AskedForAsynchronouslyBefore_IsStillLookedAt()
    {
        var seekable = new StreamContent(new MemoryStream([1]));
        await seekable.ReadAsStreamAsync();
        BodyRepeatabilityClassifier.Classify(seekable).ShouldBe(BodyRepeatability.Restartable);

        HttpContent oneShot = OneShot.Content("a");
        await oneShot.ReadAsStreamAsync();
        BodyRepeatabilityClassifier.Classify(oneShot).ShouldBe(BodyRepeatability.OneShot);
    }

    [Fact]
    public void Stream_ThatCannotBeAsked_CannotBeSentAgain()
    {
        var closed = new StreamContent(new MemoryStream([1]));
        closed.Dispose();
        BodyRepeatabilityClassifier.CanBeSentAgain(closed).ShouldBeFalse();
    }

    [Fact]
    public async Task Loaded_PartsOfADerivedMultipart_CanBeSentAgain()
    {
        PushContent part = OneShot.Pushed("a");
        await part.LoadIntoBufferAsync();

        BodyRepeatabilityClassifier.CanBeSentAgain(new Upload { part }).ShouldBeTrue();
        BodyRepeatabilityClassifier.CanBeSentAgain(new Upload { part, OneShot.Pushed("b") }).ShouldBeFalse();
        BodyRepeatabilityClassifier.CanBeSentAgain(new WrittenOtherwise { part }).ShouldBeFalse("who knows what it writes");
    }

    [Fact]
    public async Task Loaded_EmptyOwnContent_IsTakenForOneShot()
    {
        // Nothing tells an empty buffer from none.
        PushContent content = OneShot.Pushed();
        await content.LoadIntoBufferAsync();
        BodyRepeatabilityClassifier.CanBeSentAgain(content).ShouldBeFalse();
    }

    [Theory]
    [InlineData(1L)]
    [InlineData((long)int.MaxValue)]
    [InlineData((long)int.MaxValue + 1)]
    public void NotLoaded_ContentOfAnyLength_CannotBeSentAgain(long length)
    {
        var content = new Overriding { Headers = { ContentLength = length } };
        BodyRepeatabilityClassifier.CanBeSentAgain(content).ShouldBeFalse();
        content.Runs.ShouldBe(0);
    }

    private sealed class WrittenOtherwise : MultipartContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => Task.CompletedTask;
    }

    private class TextBody() : StringContent("a");

    private sealed class TextBodyOfMine : TextBody;

    private sealed class Upload : MultipartFormDataContent
    {
        public Upload() => Add(new StringContent("a"), "a");
    }

    private sealed class FileBody(Stream stream) : StreamContent(stream);

    private sealed class DisposingBody() : ByteArrayContent([1])
    {
        protected override void Dispose(bool disposing) => base.Dispose(disposing);
    }

    private class Overriding() : ByteArrayContent([1])
    {
        public int Runs { get; private set; }

        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            Runs++;
            return Task.CompletedTask;
        }
    }

    private sealed class OverridingByInheritance : Overriding;

    private sealed class MeasuredBody() : ByteArrayContent([1])
    {
        protected override bool TryComputeLength(out long length)
        {
            length = 2;
            return true;
        }
    }

    private static IEnumerable<int> Iterate()
    {
        yield return 1;
    }

    private static async IAsyncEnumerable<int> IterateAsync()
    {
        await Task.Yield();
        yield return 1;
    }
}

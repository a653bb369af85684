using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace StaleConnGuard.Tests.Replay;

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

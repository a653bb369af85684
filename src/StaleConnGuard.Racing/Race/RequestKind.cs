using System.Text;

namespace StaleConnGuard.Racing;

/// <summary>A kind of request that is raced.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Method">Its method.</param>
/// <param name="Json">Its JSON body, or null for none.</param>
public sealed record RequestKind(string Name, HttpMethod Method, string? Json = null)
{
    /// <summary>Gets a GET.</summary>
    public static RequestKind Get { get; } = new("GET", HttpMethod.Get);

    /// <summary>Gets a POST with a JSON body.</summary>
    public static RequestKind PostWithBody { get; } = new("POST, JSON body", HttpMethod.Post, """{"order":4711,"amount":12.5}""");

    /// <summary>Gets a POST without a body.</summary>
    public static RequestKind PostWithoutBody { get; } = new("POST, no body", HttpMethod.Post);

    /// <summary>Gets a PUT with a JSON body: safe to repeat, but it has a body.</summary>
    public static RequestKind Put { get; } = new("PUT, JSON body", HttpMethod.Put, PostWithBody.Json);

    /// <summary>Gets a POST with a body that few keep in memory.</summary>
    public static RequestKind PostOneMegabyte { get; } = new("POST, 1 MB", HttpMethod.Post, $"\"{new string('x', 1_000_000)}\"");

    /// <summary>Gets what is raced through a proxy.</summary>
    public static IReadOnlyList<RequestKind> AllThroughProxies { get; } = [Get, Put, PostWithBody, PostWithoutBody, PostOneMegabyte];

    /// <summary>Gets all of them, in the order of the table.</summary>
    public static IReadOnlyList<RequestKind> All { get; } = [Get, PostWithBody, PostWithoutBody];

    internal HttpRequestMessage Make(Uri target, string id)
    {
        var request = new HttpRequestMessage(Method, target);
        request.Headers.Add(RaceRequest.IdHeader, id);
        if (Json is not null)
        {
            request.Content = new StringContent(Json, Encoding.UTF8, "application/json");
        }

        return request;
    }
}

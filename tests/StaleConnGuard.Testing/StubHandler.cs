namespace StaleConnGuard.Testing;

/// <summary>
/// Answers every send with what a function says, synchronously and asynchronously alike, and records what it saw. The function gets the
/// message and the number of the send, from 0.
/// </summary>
public sealed class StubHandler(Func<HttpRequestMessage, int, HttpResponseMessage> answer, bool keepSeen = true) : HttpMessageHandler
{
    private readonly List<SeenRequest> _seen = [];

    public IReadOnlyList<SeenRequest> Seen => _seen;

    public int Sends { get; private set; }

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string? body = null;
        if (request.Content is not null)
        {
            using var copy = new MemoryStream();
            request.Content.CopyTo(copy, null, cancellationToken);
            body = System.Text.Encoding.UTF8.GetString(copy.ToArray());
        }

        return Answer(request, body);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string? body = null;
        if (request.Content is not null)
        {
            // As the runtime does it: what a content refuses to send twice must fail here too.
            using var copy = new MemoryStream();
            await request.Content.CopyToAsync(copy, cancellationToken);
            body = System.Text.Encoding.UTF8.GetString(copy.ToArray());
        }

        return Answer(request, body);
    }

    private HttpResponseMessage Answer(HttpRequestMessage request, string? body)
    {
        int number = Sends++;
        if (keepSeen)
        {
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in request.Headers.NonValidated)
            {
                headers[name] = values.ToString();
            }

            _seen.Add(new SeenRequest(request.Method, request.RequestUri!, headers, body));
        }

        HttpResponseMessage response = answer(request, number);
        response.RequestMessage = request;
        return response;
    }
}

/// <summary>One request as it came down.</summary>
public sealed record SeenRequest(HttpMethod Method, Uri Uri, IReadOnlyDictionary<string, string> Headers, string? Body);

using System.Net;

namespace StaleConnGuard.Benchmarks;

/// <summary>Answers at once, or after a yield as a connection does, with the same response.</summary>
internal sealed class InMemoryHandler(bool yields) : HttpMessageHandler
{
    private readonly HttpResponseMessage _response = new(HttpStatusCode.OK) { Content = new ByteArrayContent([]) };

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        yields ? YieldAsync() : Task.FromResult(_response);

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => _response;

    private async Task<HttpResponseMessage> YieldAsync()
    {
        await Task.Yield();
        return _response;
    }
}

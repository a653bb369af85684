using System.Runtime.CompilerServices;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard;
using StaleConnGuard.Aot;

// Races as an application meets them, from native code: each client sends a request, the server closes that connection in the moment in which the next request is
// about to be written on it. Exit code 0: the plain client failed, the guarded one did not, every request was executed once, and the code is native.
bool native = !RuntimeFeature.IsDynamicCodeSupported;
using var server = new ClosingServer();
var configuration = new ConfigurationBuilder()
    .AddInMemoryCollection([new("StaleConnGuard:Clients:configured:KeepAlive:ServerTimeout", "00:00:05"), new("StaleConnGuard:Retry:MaxRetries", "2")])
    .Build();
var services = new ServiceCollection();
services.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
{
    PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new HeldStream(context.PlaintextStream, server)),
}));
services.AddLogging();
services.AddStaleConnGuard(configuration.GetSection("StaleConnGuard"));
services.AddHttpClient("plain").RemoveStaleConnGuard();
await using ServiceProvider provider = services.BuildServiceProvider();
IHttpClientFactory clients = provider.GetRequiredService<IHttpClientFactory>();

bool good = true;
foreach ((string client, int failed) in new[] { ("plain", 1), ("guarded", 0), ("configured", 0) })
{
    using HttpClient http = clients.CreateClient(client);
    server.Reset();
    int failures = 0;
    await SendAsync();
    server.Arm();
    await SendAsync();
    int executed = server.Executed;
    bool asExpected = failures == failed && executed == 2 - failed && server.Raced == 1;
    good &= asExpected;
    Console.WriteLine($"{client}: raced {server.Raced}, failed {failures}, executed {executed} of 2{(asExpected ? "" : "  <-- not as expected")}");

    async Task SendAsync()
    {
        try
        {
            using HttpResponseMessage response = await http.PostAsync(server.Uri, new StringContent("order"));
        }
        catch (HttpRequestException)
        {
            failures++;
        }
    }
}

Console.WriteLine(native ? "native code" : "not native code");
return good && native ? 0 : 1;

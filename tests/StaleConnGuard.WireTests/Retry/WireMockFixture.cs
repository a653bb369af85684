using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Retry;

/// <summary>One WireMock for the tests of a class.</summary>
public sealed class WireMockFixture : IAsyncLifetime
{
    public WireMockServer Server { get; } = new();

    public async ValueTask InitializeAsync() => await Server.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

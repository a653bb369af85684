using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests.Beside;

public class RotationTests
{
    /// <summary>The factory keeps what a handler's making threw: a client whose handler could not be made once could never be made again.</summary>
    [Fact]
    public async Task Reload_NotValidWhileTheFactoryMakesANewHandler_TheClientGoesOnWorking()
    {
        await using var server = new ScriptedServer(c => c.AnswerAllAsync());
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Replay:MaxReplays", "2")]).Build();
        var services = new ServiceCollection();
        services.AddStaleConnGuard(configuration);
        services.AddHttpClient("orders").SetHandlerLifetime(TimeSpan.FromSeconds(1));
        await using ServiceProvider provider = services.BuildServiceProvider();
        var factory = provider.GetRequiredService<IHttpMessageHandlerFactory>();
        HttpMessageHandler first = factory.CreateHandler("orders");

        configuration["Replay:MaxReplays"] = "many";
        configuration.Reload();
        for (int i = 0; i < 100 && ReferenceEquals(factory.CreateHandler("orders"), first); i++)
        {
            await Task.Delay(100);
        }

        factory.CreateHandler("orders").ShouldNotBeSameAs(first);
        using HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        (await client.GetStringAsync(server.Uri)).ShouldBe("ok");

        configuration["Replay:MaxReplays"] = "4";
        configuration.Reload();
        provider.GetRequiredService<GuardClients>().SettingsOf("orders").Current.MaxReplays.ShouldBe(4);
    }
}

using Microsoft.Extensions.Hosting;

namespace StaleConnGuard;

/// <summary>The one <see cref="KeepAliveAdvertisement"/> as the host sees it: an entry of its own type, so that registering it twice is registering it once.</summary>
internal sealed class AdvertisementService(KeepAliveAdvertisement advertisement) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        advertisement.CheckSettings();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => advertisement.DrainAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Notes each guarded client when the factory makes one, for its <see cref="HttpClient.Timeout"/>: a handler cannot see it, and a retry that would end after it is
/// not worth its wait.
/// </summary>
internal sealed class ClientTimeoutSetup(GuardRegistrations registrations, IServiceProvider services) : IPostConfigureOptions<HttpClientFactoryOptions>
{
    public void PostConfigure(string? name, HttpClientFactoryOptions options)
    {
        string client = name ?? Options.DefaultName;
        if (!registrations.Guards(client))
        {
            return;
        }

        options.HttpClientActions.Add(made =>
        {
            if (services.GetService(typeof(GuardClients)) is GuardClients clients)
            {
                clients.TimeoutOf(client).Note(made);
            }
        });
    }
}

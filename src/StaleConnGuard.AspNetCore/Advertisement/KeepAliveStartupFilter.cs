using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace StaleConnGuard;

/// <summary>Puts the advertisement in front of the application's own pipeline, so that every response passes it.</summary>
internal sealed class KeepAliveStartupFilter(KeepAliveAdvertisement advertisement) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(following => context =>
        {
            advertisement.OnRequest(context);
            return following(context);
        });
        next(app);
    };
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace StaleConnGuard.Yarp;

/// <summary>Has responses to requests that were lost on a stale connection, and could not be sent again, say why.</summary>
internal sealed class FailureHeaderFilter(string header) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) =>
        application =>
        {
            application.Use((context, following) =>
            {
                context.Response.OnStarting(Write, context);
                return following(context);
            });
            next(application);
        };

    private Task Write(object state)
    {
        var context = (HttpContext)state;
        for (Exception? e = context.Features.Get<IForwarderErrorFeature>()?.Exception; e is not null; e = e.InnerException)
        {
            if (e is StaleConnectionException stale)
            {
                context.Response.Headers.Append(header, $"stale-connection;desc=\"{stale.Decision}\"");
                break;
            }
        }

        return Task.CompletedTask;
    }
}

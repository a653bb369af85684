using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using StaleConnGuard;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Shows what is known of each origin.</summary>
public static class StaleConnGuardEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps GET <paramref name="pattern"/> to what is known of each origin as JSON: a snapshot of <see cref="IKeepAliveLedger"/>, times in
    /// seconds. It names the servers this process talks to, so it should not be public.
    /// </summary>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="pattern">The route.</param>
    /// <returns>A builder for conventions, such as <c>RequireAuthorization()</c>.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="InvalidOperationException"><c>AddStaleConnGuard</c> was not called on the services.</exception>
    public static IEndpointConventionBuilder MapStaleConnGuard(this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string pattern = "/staleconnguard")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(pattern);
        IKeepAliveLedger ledger = endpoints.ServiceProvider.GetService<IKeepAliveLedger>()
            ?? throw new InvalidOperationException("No IKeepAliveLedger is registered: call services.AddStaleConnGuard() before MapStaleConnGuard().");
        return endpoints.MapGet(pattern, context => LedgerPage.WriteAsync(ledger, context));
    }
}

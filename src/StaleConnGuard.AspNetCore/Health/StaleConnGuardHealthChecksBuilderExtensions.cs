using Microsoft.Extensions.Diagnostics.HealthChecks;
using StaleConnGuard;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>The health of connections to other servers.</summary>
public static class StaleConnGuardHealthChecksBuilderExtensions
{
    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Adds a check that is degraded while a stale hit of a request that is not safe to repeat has reached a caller within <paramref name="window"/>. Needs
    /// <c>AddStaleConnGuard</c> on the services.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The name of the check.</param>
    /// <param name="window">How long a stale hit counts; 5 minutes when null. Above 0.</param>
    /// <param name="failureStatus">What is reported then; <see cref="HealthStatus.Degraded"/> when null.</param>
    /// <param name="tags">Tags of the check.</param>
    /// <returns>The same builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="window"/> is not above 0.</exception>
    public static IHealthChecksBuilder AddStaleConnGuard(
        this IHealthChecksBuilder builder, string name = "staleconnguard", TimeSpan? window = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        TimeSpan counted = window ?? s_window;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(counted, TimeSpan.Zero, nameof(window));
        return builder.Add(new HealthCheckRegistration(
            name,
            services => new StaleHitHealthCheck(services.GetRequiredService<IKeepAliveLedger>(), services.GetService<TimeProvider>() ?? TimeProvider.System, counted),
            failureStatus ?? HealthStatus.Degraded,
            tags));
    }
}

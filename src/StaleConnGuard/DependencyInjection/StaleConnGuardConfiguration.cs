using Microsoft.Extensions.Configuration;

namespace StaleConnGuard;

internal static class StaleConnGuardConfiguration
{
    public static void Apply(IConfiguration section, string? clientName, StaleConnGuardOptions options)
    {
    }
}

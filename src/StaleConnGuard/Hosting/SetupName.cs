using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;

namespace StaleConnGuard.Hosting;

/// <summary>
/// Which options a setup is for. Those that <c>services.Configure</c> makes say so in a property; the ones that take services have a type
/// for each number of them and nothing in common but its name.
/// </summary>
internal static class SetupName
{
    private static readonly HashSet<Type> s_known =
    [
        typeof(ConfigureNamedOptions<>), typeof(ConfigureNamedOptions<,>), typeof(ConfigureNamedOptions<,,>),
        typeof(ConfigureNamedOptions<,,,>), typeof(ConfigureNamedOptions<,,,,>), typeof(ConfigureNamedOptions<,,,,,>),
        typeof(PostConfigureOptions<>), typeof(PostConfigureOptions<,>), typeof(PostConfigureOptions<,,>),
        typeof(PostConfigureOptions<,,,>), typeof(PostConfigureOptions<,,,,>), typeof(PostConfigureOptions<,,,,,>),
    ];

    /// <summary>The name; empty for the options without one; null for all, or when it is not known.</summary>
    public static string? Of(object setup) => setup switch
    {
        ConfigureNamedOptions<StaleConnGuardOptions> named => named.Name,
        PostConfigureOptions<StaleConnGuardOptions> post => post.Name,
        _ => IsKnown(setup.GetType()) ? NameOf(setup) : null,
    };

    private static bool IsKnown(Type type) => type.IsGenericType && s_known.Contains(type.GetGenericTypeDefinition());

    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(ConfigureNamedOptions<,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(ConfigureNamedOptions<,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(ConfigureNamedOptions<,,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(ConfigureNamedOptions<,,,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(ConfigureNamedOptions<,,,,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(PostConfigureOptions<,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(PostConfigureOptions<,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(PostConfigureOptions<,,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(PostConfigureOptions<,,,,>))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.PublicProperties, typeof(PostConfigureOptions<,,,,,>))]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The properties of the known types are kept by the attributes above.")]
    private static string? NameOf(object setup) => setup.GetType().GetProperty("Name")?.GetValue(setup) as string;
}

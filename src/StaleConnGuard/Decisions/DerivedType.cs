using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace StaleConnGuard.Decisions;

/// <summary>
/// Whether a class that an application derived from a content of the framework is written as that content is. Many only fill a constructor
/// (<c>class JsonBody : StringContent</c>); one that overrides how it is written, or how long it is, can do anything. Thread-safe; each class is looked at once.
/// </summary>
internal static class DerivedType
{
    private static readonly ConditionalWeakTable<Type, StrongBox<bool>> s_looked = [];

    /// <summary>True when nothing that <see cref="HttpContent"/> lets a class override stands between <paramref name="type"/> and the framework's own class.</summary>
    public static bool IsWrittenAsItsBase(Type type) => s_looked.GetValue(type, static t => new StrongBox<bool>(Look(t))).Value;

    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "A method that was trimmed is never called. Native code keeps methods without their metadata, so it is not asked.")]
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "A method that was trimmed is never called. Native code keeps methods without their metadata, so it is not asked.")]
    private static bool Look(Type type)
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
        {
            return false;
        }

        for (Type? t = type; t is not null && t.Assembly != typeof(HttpContent).Assembly; t = t.BaseType)
        {
            foreach (MethodInfo method in t.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (method.IsVirtual && method.Name != "Dispose" && method.GetBaseDefinition().DeclaringType == typeof(HttpContent))
                {
                    return false;
                }
            }
        }

        return true;
    }
}

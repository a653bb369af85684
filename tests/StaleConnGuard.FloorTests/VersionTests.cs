using System.Reflection;

namespace StaleConnGuard.Tests;

/// <summary>The versions that the project names are the ones that run.</summary>
public class VersionTests
{
    [Theory]
    [InlineData("Microsoft.Extensions.Http")]
    [InlineData("Microsoft.Extensions.Options.ConfigurationExtensions")]
    [InlineData("Microsoft.Extensions.Http.Resilience")]
    [InlineData("Polly.Core")]
    public void Package_IsOfTheVersionThatIsTested(string package)
    {
        string expected = typeof(VersionTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == package).Value!;

        // With the commit behind a plus.
        string loaded = Assembly.Load(package).GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

        loaded.ShouldBe(expected);
    }

    /// <summary>The packages that are published ask for no more than the floors.</summary>
    [Fact]
    public void Library_WasCompiledAgainstTheFloors()
    {
        foreach (AssemblyName reference in typeof(StaleConnGuardOptions).Assembly.GetReferencedAssemblies().Concat(typeof(StaleConnGuardResilienceOptions).Assembly.GetReferencedAssemblies()))
        {
            if (reference.Name!.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal))
            {
                reference.Version.ShouldBe(new Version(10, 0, 0, 0), reference.Name);
            }
        }
    }
}

using Xunit;

namespace StaleConnGuard.Testing;

/// <summary>
/// What a test needs from its machine: root, a server, a kernel feature. On a developer's machine a test without it is skipped, with the
/// reason; in continuous integration (<c>CI=true</c>) it fails, because there nobody reads what was skipped. Tests of another system carry the trait
/// <see cref="SystemTrait"/>, by which <c>.ci/run</c> leaves them out on Linux.
/// </summary>
public static class Requirement
{
    /// <summary>The name of the trait of a test that one system alone can run; its value is the system.</summary>
    public const string SystemTrait = "System";

    /// <summary>Goes on when <paramref name="isMet"/>; otherwise skips the test, or fails it in continuous integration.</summary>
    public static void MetOrSkip(bool isMet, string reason)
    {
        if (isMet)
        {
            return;
        }

        if (Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"This test must run in continuous integration, but: {reason}");
        }

        Assert.Skip(reason);
    }
}

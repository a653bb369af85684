using Xunit;

namespace StaleConnGuard.Testing;

/// <summary>
/// What a test needs from its machine: root, a server, a kernel feature. On a developer's machine a test without it is skipped, with the
/// reason; in continuous integration (<c>CI=true</c>) it fails, because there nobody reads what was skipped.
/// </summary>
public static class Requirement
{
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

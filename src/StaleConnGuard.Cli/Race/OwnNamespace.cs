namespace StaleConnGuard.Cli;

/// <summary>
/// A race on real packets for who is not root: the whole command runs in a child that is root in namespaces of its own. Only where everything that takes part is the
/// command's: a server or a proxy that is there already cannot be reached from inside.
/// </summary>
internal static class OwnNamespace
{
    private static readonly string[] s_outside = ["--server", "--through", "--relay", "--help", "-h", "-?"];

    /// <summary>Whether such a child would be of use, and can be had.</summary>
    public static bool IsOfUse(IReadOnlyList<string> arguments) =>
        OperatingSystem.IsLinux()
        && arguments is ["race", ..]
        && !Environment.IsPrivilegedProcess
        && !UserNamespace.IsInside
        && !arguments.Any(argument => s_outside.Any(option => argument == option || argument.StartsWith($"{option}=", StringComparison.Ordinal) || argument.StartsWith($"{option}:", StringComparison.Ordinal)))
        && UserNamespace.FindReasonAgainst() is null;
}

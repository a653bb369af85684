using System.Net.Sockets;

namespace StaleConnGuard.Cli;

/// <summary>Says in one line why the proxy did not start.</summary>
internal static class ProxyFailure
{
    /// <summary>Null for what is no fault of the arguments or of the machine.</summary>
    public static CannotProxyException? Of(Exception failure, ProxyArguments arguments)
    {
        if (failure is IOException or SocketException || Find<SocketException>(failure) is not null)
        {
            return new CannotProxyException($"No proxy: {OneLine(failure.Message)}", CommandLine.CouldNot);
        }

        return arguments.Config is { } file ? new CannotProxyException($"--config: '{file}' is not accepted; {OneLine(Innermost(failure))}", CommandLine.BadArguments) : null;
    }

    // YARP gathers what is wrong, and says only that something is.
    private static string Innermost(Exception failure)
    {
        AggregateException? all = Find<AggregateException>(failure);
        return all is null ? failure.Message : string.Join(" ", all.Flatten().InnerExceptions.Select(inner => inner.Message));
    }

    private static T? Find<T>(Exception? failure)
        where T : Exception
    {
        while (failure is not null and not T)
        {
            failure = failure.InnerException;
        }

        return (T?)failure;
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").TrimEnd();
}

using System.Runtime.CompilerServices;

namespace StaleConnGuard.Yarp;

/// <summary>
/// What a <see cref="HttpMessageInvoker"/> sends with. A factory hands out invokers and has no place to wrap what is inside, unless one derives from it; and then the
/// application's own factory would be replaced.
/// </summary>
internal static class InvokerHandler
{
    /// <exception cref="MissingFieldException">The runtime keeps it elsewhere.</exception>
    public static HttpMessageHandler Of(HttpMessageInvoker invoker) => HandlerOf(invoker);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_handler")]
    private static extern ref HttpMessageHandler HandlerOf(HttpMessageInvoker invoker);
}

using System.Runtime.InteropServices;

namespace StaleConnGuard.Exchanges;

/// <summary>The server closed a connection that was in the pool.</summary>
/// <param name="IdleAge">The idle age at the close; an upper bound where that is not known to the instant.</param>
/// <param name="IsExact">The kernel dated the close.</param>
/// <param name="SinceClosed">How long ago that was, when it is known.</param>
/// <param name="RoundTrip">What hardly any round trip on the connection exceeds, when that is known.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IdleClose(TimeSpan IdleAge, bool IsExact, TimeSpan SinceClosed = default, TimeSpan RoundTrip = default);

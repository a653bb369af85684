using System.Runtime.InteropServices;

namespace StaleConnGuard.Exchanges;

/// <summary>What the end of a shared connection says of one request.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Delivery">What became of the request. Never <see cref="Delivery.ResponseStarted"/>: that is not seen from there.</param>
/// <param name="Binding">What is known of the connection at the moment of the request: reused, if it had answered something before; idle, if no stream was open.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SharedVerdict(ConnectionEnd End, Delivery Delivery, Binding Binding);

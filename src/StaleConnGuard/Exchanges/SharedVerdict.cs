using System.Runtime.InteropServices;

namespace StaleConnGuard.Exchanges;

/// <summary>What the end of a shared connection says of one request.</summary>
/// <param name="End">How it ended.</param>
/// <param name="Delivery">What became of the request. Never <see cref="Delivery.ResponseStarted"/>: that is not seen from there.</param>
/// <param name="IsReused">The connection had answered something before the request was handed to it.</param>
/// <param name="IdleAgeTicks">How long it had been idle, with no stream open, when the request came; 0 when it was in use.</param>
/// <param name="ConnectionAgeTicks">Its age then.</param>
/// <param name="RequestsBefore">Requests written before.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SharedVerdict(ConnectionEnd End, Delivery Delivery, bool IsReused, long IdleAgeTicks, long ConnectionAgeTicks, int RequestsBefore);

using System.Runtime.InteropServices;

namespace StaleConnGuard.Diagnosis;

/// <summary>A verdict, the rule that gave it, and what it means for sending the request again.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Judgement(Verdict Verdict, Reason Reason, Delivery? Delivery = null);

using StaleConnGuard.Diagnosis;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Diagnosis;

internal static class CaptureScriptExtensions
{
    public static Explanation Explain(this CaptureScript script, CaptureFilter? filter = null) => script.ToArray().Explain(filter);

    public static Explanation Explain(this byte[] capture, CaptureFilter? filter = null)
    {
        using var stream = new MemoryStream(capture);
        return new CaptureAnalysis(filter, keepAll: true).Run(CaptureReader.Open(stream));
    }

    public static Finding Only(this Explanation explanation) => explanation.Findings.ShouldHaveSingleItem();
}

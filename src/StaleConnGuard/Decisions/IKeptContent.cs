namespace StaleConnGuard.Decisions;

/// <summary>A content of this library's own: the bytes of another, in memory.</summary>
internal interface IKeptContent;

using System.Buffers;

namespace StaleConnGuard.Cli;

/// <summary>What RFC 9110 5.6.2 calls a token: methods and field names are made of it.</summary>
internal static class HttpToken
{
    private static readonly SearchValues<char> s_characters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static bool IsToken(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExcept(s_characters);
}

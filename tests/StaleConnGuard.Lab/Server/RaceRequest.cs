using System.Globalization;

namespace StaleConnGuard.Lab;

/// <summary>What a <see cref="RaceServer"/> needs to know of a request.</summary>
internal sealed class RaceRequest
{
    public const string IdHeader = "X-Request-Id";

    public required string Method { get; init; }

    public required string Target { get; init; }

    public string? Id { get; private set; }

    public long ContentLength { get; private set; }

    public bool IsChunked { get; private set; }

    public bool ExpectsContinue { get; private set; }

    public bool WantsClose { get; private set; }

    public void Apply(string header, string value)
    {
        switch (header.ToUpperInvariant())
        {
            case "X-REQUEST-ID":
                Id = value;
                break;
            case "CONTENT-LENGTH":
                ContentLength = long.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "TRANSFER-ENCODING":
                IsChunked = value.EndsWith("chunked", StringComparison.OrdinalIgnoreCase);
                break;
            case "EXPECT":
                ExpectsContinue = value.Equals("100-continue", StringComparison.OrdinalIgnoreCase);
                break;
            case "CONNECTION":
                WantsClose = value.Split(',', StringSplitOptions.TrimEntries).Contains("close", StringComparer.OrdinalIgnoreCase);
                break;
        }
    }
}

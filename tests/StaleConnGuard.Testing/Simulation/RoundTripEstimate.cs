namespace StaleConnGuard.Testing;

/// <summary>The round trip of one connection, smoothed as a kernel does it (RFC 6298 2). In seconds.</summary>
internal sealed class RoundTripEstimate
{
    private double _smoothed;
    private double _variation;

    /// <summary>What hardly any round trip exceeds.</summary>
    public double Long => _smoothed + (4 * _variation);

    public void Sample(double roundTrip)
    {
        if (_smoothed == 0)
        {
            (_smoothed, _variation) = (roundTrip, roundTrip / 2);
            return;
        }

        _variation += (Math.Abs(_smoothed - roundTrip) - _variation) / 4;
        _smoothed += (roundTrip - _smoothed) / 8;
    }
}

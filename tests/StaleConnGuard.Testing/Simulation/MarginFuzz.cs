using System.Globalization;

namespace StaleConnGuard.Testing;

/// <summary>Invents servers and what is observed of them, and compares the measured margin with the reference after every observation. Same seed, same inventions.</summary>
public sealed class MarginFuzz(int seed)
{
    private const int ObservationsOfServer = 120;

    private readonly Random _random = new(seed);
    private readonly List<string> _said = [];
    private TimeoutLearner _learner = new();
    private MarginReference _reference = new();
    private double _timeout;
    private double _spread;
    private double _rarity;
    private long _now;

    /// <summary>How many observations were compared.</summary>
    public long Observations { get; private set; }

    /// <summary>After how many of them there was a margin.</summary>
    public long Given { get; private set; }

    /// <summary>One server from the first observation to the last. Null, or how the library is wrong.</summary>
    public string? Server()
    {
        (_learner, _reference) = (new TimeoutLearner(), new MarginReference());
        _said.Clear();
        _now = Ticks(60);
        _timeout = new[] { 1.5, 2, 5, 5, 20, 60 }[_random.Next(6)];
        _spread = new[] { 0, 0.003, 0.02, 0.05, 0.1, 0.3, 1 }[_random.Next(7)];

        // The rarer what speaks against it, the longer a margin lasts.
        _rarity = new[] { 0.002, 0.02, 0.2 }[_random.Next(3)];
        for (int i = 0; i < ObservationsOfServer; i++)
        {
            _now += Ticks(_random.NextDouble() < 0.1 ? _random.NextDouble() * 700 : _random.NextDouble() * 10);
            Observe();
            Observations++;
            if (Complaint() is { } complaint)
            {
                return string.Create(CultureInfo.InvariantCulture, $"server of {_timeout} to {_timeout + _spread} s: {complaint} after{Environment.NewLine}{string.Join(Environment.NewLine, _said)}");
            }
        }

        return null;
    }

    private void Observe()
    {
        double roll = _random.NextDouble();
        if (roll < _rarity)
        {
            Odd();
            return;
        }

        bool together = _random.Next(20) == 0;
        _now -= together ? Ticks(_random.NextDouble() * 0.05) : 0;
        double ago = _random.Next(4) == 0 ? _random.NextDouble() * 30 : 0;
        Close(_timeout + (_random.NextDouble() * _spread), exact: _random.Next(20) > 0, ago, roundTrip: _random.Next(10) == 0 ? _random.NextDouble() * 0.2 : 0.01);
    }

    private void Odd()
    {
        double age = _random.NextDouble() * _timeout * 1.5;
        switch (_random.Next(6))
        {
            case 0:
                Close(age, exact: _random.Next(2) == 0, ago: 0, roundTrip: 0);
                break;
            case 1:
                Close(_timeout - (_random.NextDouble() * 0.2), exact: true, ago: 0, roundTrip: 0);
                break;
            case 2:
                StaleHit(age);
                break;
            case 3:
                StaleHit(_timeout - (_random.NextDouble() * 0.2));
                break;
            case 4:
                _said.Add(string.Create(CultureInfo.InvariantCulture, $"{_now}: open at {age}"));
                _reference.SeenOpen(_now, _learner.SeenOpen(Ticks(age), answered: true, _now));
                break;
            default:
                _said.Add(string.Create(CultureInfo.InvariantCulture, $"{_now}: silent"));
                _learner.Margin?.Revoke(_now);
                _reference.SilentHit(_now);
                break;
        }
    }

    private void Close(double seconds, bool exact, double ago, double roundTrip)
    {
        _said.Add(string.Create(CultureInfo.InvariantCulture, $"{_now}: closed at {seconds}, {ago} s ago, exact {exact}, round trip {roundTrip}"));
        (long age, long moment, long believed) = (Ticks(seconds), _now - Ticks(ago), _learner.Timeout);
        LearningOutcome outcome = _learner.IdleClosed(age, exact, moment, Ticks(roundTrip));
        _reference.Closed(age, exact, moment, Ticks(roundTrip), believed, _learner.Timeout, outcome);
    }

    private void StaleHit(double seconds)
    {
        _said.Add(string.Create(CultureInfo.InvariantCulture, $"{_now}: stale hit at {seconds}"));
        (long age, long believed) = (Ticks(seconds), _learner.Timeout);
        _reference.StaleHit(age, _now, believed, _learner.StaleHit(age, reset: false, _now));
    }

    private string? Complaint()
    {
        long? expected = _reference.At(_now);
        long? actual = _learner.Margin?.At(_now) is long ticks and not long.MaxValue ? ticks : null;
        Given += actual is null ? 0 : 1;
        if (actual != expected)
        {
            return $"{actual} where {expected} is expected";
        }

        return actual < Ticks(0.05) ? $"{actual} is too small" : null;
    }

    private static long Ticks(double seconds) => (long)(seconds * TimeSpan.TicksPerSecond);
}

using System.Globalization;
using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>Invents <c>Keep-Alive</c> field values: proper ones, nearly proper ones and garbage up to 64 KiB. Same seed, same values.</summary>
public sealed class KeepAliveValues(int seed)
{
    private static readonly string[] s_names = ["timeout", "Timeout", "TIMEOUT", "max", "timeout ", "\ttimeout", "time out", "timeouts", "", "ｔimeout", "timeout\0"];
    private static readonly string[] s_separators = [",", ", ", " ,", ",,", ";", " ", "", "\t,\t"];
    private static readonly string[] s_equals = ["=", " = ", "==", ":", "", "=\t"];
    private static readonly string[] s_odd = ["", "-1", "+5", "5.5", "5s", "0x10", "1e9", "٥", "∞", "NaN", "\"", "\"\"", "\" 7 \"", "\"7", "7\"", "'7'", "00000000000000000000000005", "18446744073709551616", "9223372036854775808"];

    private readonly Random _random = new(seed);
    private readonly StringBuilder _text = new();

    public string Next()
    {
        _text.Clear();
        switch (_random.Next(100))
        {
            case 0:
                Garbage(_random.Next(65_536));
                break;
            case < 20:
                Garbage(_random.Next(40));
                break;
            default:
                for (int i = _random.Next(4); i >= 0; i--)
                {
                    Parameter();
                }

                break;
        }

        return _text.ToString();
    }

    private void Parameter()
    {
        _text.Append(Pick(s_names)).Append(Pick(s_equals));
        switch (_random.Next(4))
        {
            case 0:
                _text.Append(Pick(s_odd));
                break;
            case 1:
                _text.Append('"').Append(_random.Next(1000)).Append('"');
                break;
            case 2:
                _text.Append(_random.NextInt64().ToString(CultureInfo.InvariantCulture));
                break;
            default:
                _text.Append(_random.Next(200));
                break;
        }

        _text.Append(Pick(s_separators));
    }

    private void Garbage(int length)
    {
        // Mostly what the grammar is made of, so that garbage gets deep into the reader.
        const string Likely = "timeoutTIMEOUTmax==,,\"\"  \t0123456789";
        while (_text.Length < length)
        {
            _text.Append(_random.Next(10) == 0 ? (char)_random.Next(char.MaxValue + 1) : Likely[_random.Next(Likely.Length)]);
        }
    }

    private string Pick(string[] from) => from[_random.Next(from.Length)];
}

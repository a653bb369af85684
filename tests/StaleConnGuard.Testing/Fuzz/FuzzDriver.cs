using System.Diagnostics;
using System.Text;

namespace StaleConnGuard.Testing;

/// <summary>
/// Changes the inputs of a corpus at random and has them read. It does not see which code runs, as libFuzzer does; in its place it keeps inputs that were read in a way not seen
/// before. Every input comes from the seed and its number.
/// </summary>
public sealed class FuzzDriver(FuzzTarget target, int seed)
{
    private const int LargestInput = 128 * 1024;
    private const int MostKept = 2_000;

    // However late the machine is.
    private const int FewestChanges = 32;

    // Far more than any input of that size takes, on a machine that stalls.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _inputs = [.. Corpus(target.Name)];
    private readonly HashSet<int> _seen = [];
    private readonly byte[][] _words = [.. target.Words.Select(Encoding.Latin1.GetBytes)];

    /// <summary>How many inputs were read.</summary>
    public long Inputs { get; private set; }

    /// <summary>In how many ways.</summary>
    public int Kinds => _seen.Count;

    /// <summary>The longest that one took.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>The committed inputs of a target.</summary>
    public static IEnumerable<byte[]> Corpus(string name) => Directory.EnumerateFiles(Repository.PathOf($"tests/corpora/{name}")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes);

    /// <summary>Reads the corpus as it is, and then changes of it until the time is over. Throws at the first input of which something does not hold.</summary>
    public void Run(TimeSpan duration)
    {
        foreach (byte[] input in _inputs.ToArray())
        {
            _ = Read(input);
        }

        var watch = Stopwatch.StartNew();
        for (int changes = 0; changes < FewestChanges || watch.Elapsed < duration; changes++)
        {
            byte[] input = Change(_inputs[_random.Next(_inputs.Count)]);
            if (Read(input) && _inputs.Count < MostKept)
            {
                _inputs.Add(input);
            }
        }
    }

    private bool Read(byte[] input)
    {
        Inputs++;
        long started = Stopwatch.GetTimestamp();
        int kind;
        try
        {
            kind = target.Run(input);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{target.Name}, input {Inputs} of seed {seed}: {e.GetType().Name}: {e.Message}\n{Convert.ToBase64String(input)}", e);
        }

        TimeSpan took = Stopwatch.GetElapsedTime(started);
        if (took > s_longest)
        {
            // A process that got no processor for so long does not do so twice in a row; an input that takes so long does.
            started = Stopwatch.GetTimestamp();
            _ = target.Run(input);
            took = Stopwatch.GetElapsedTime(started);
        }

        Longest = took > Longest ? took : Longest;
        return took > s_longest
            ? throw new InvalidOperationException($"{target.Name}, input {Inputs} of seed {seed} took {took}\n{Convert.ToBase64String(input)}")
            : _seen.Add(kind);
    }

    private byte[] Change(byte[] original)
    {
        var input = new List<byte>(original);
        for (int left = 1 << _random.Next(4); left > 0; left--)
        {
            int at = _random.Next(input.Count + 1);
            int length = Math.Min(_random.Next(1, 24), input.Count - at);
            switch (_random.Next(9))
            {
                case 0 when at < input.Count:
                    input[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1 when at < input.Count:
                    input[at] = (byte)_random.Next(256);
                    break;
                case 2 when at < input.Count:
                    input[at] = (byte)"\0\xff\r\n :,;=\"0129-+{}[]"[_random.Next(20)];
                    break;
                case 3:
                    input.RemoveRange(at, length);
                    break;
                case 4:
                    input.InsertRange(at, input.GetRange(at, length));
                    break;
                case 5 when _words.Length > 0:
                    input.InsertRange(at, _words[_random.Next(_words.Length)]);
                    break;
                case 6:
                    byte[] other = _inputs[_random.Next(_inputs.Count)];
                    int from = _random.Next(other.Length + 1);
                    input.RemoveRange(at, input.Count - at);
                    input.AddRange(other[from..]);
                    break;
                case 7 when _random.Next(40) == 0 && length > 0:
                    input.InsertRange(at, Enumerable.Repeat(input.GetRange(at, length), _random.Next(2, 3_000)).SelectMany(static part => part));
                    break;
                default:
                    input.Insert(at, (byte)_random.Next(256));
                    break;
            }

            if (input.Count > LargestInput)
            {
                input.RemoveRange(LargestInput, input.Count - LargestInput);
            }
        }

        return [.. input];
    }
}

using SharpFuzz;
using StaleConnGuard.Testing;

if (args is ["--list"])
{
    Console.WriteLine(string.Join('\n', FuzzTargets.All));
    return;
}

FuzzTarget target = FuzzTargets.Find(args[0]);
Fuzzer.OutOfProcess.Run(stream =>
{
    using var input = new MemoryStream();
    stream.CopyTo(input);
    _ = target.Run(input.ToArray());
});

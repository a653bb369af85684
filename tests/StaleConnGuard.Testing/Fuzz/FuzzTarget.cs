namespace StaleConnGuard.Testing;

/// <summary>Something of the library that reads bytes or text from outside.</summary>
/// <param name="Name">Also of its folder in <c>tests/corpora</c>.</param>
/// <param name="Run">
/// Reads an input and checks what must hold of any. Throws when it does not; returns a number that tells one kind of reading from another, so that inputs that are read in a new
/// way are changed further.
/// </param>
/// <param name="Words">What makes sense there: put in here and there.</param>
public sealed record FuzzTarget(string Name, Func<byte[], int> Run, params string[] Words)
{
    public override string ToString() => Name;
}

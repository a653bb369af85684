using System.CommandLine;

namespace StaleConnGuard.Cli;

/// <summary>A required argument: the address of an HTTP server.</summary>
internal sealed class AddressArgument : Argument<Uri>, IAcceptedValues
{
    public AddressArgument(string name, string description)
        : base(name)
    {
        Description = description;
        CustomParser = result => HttpAddress.Parse(result, Name);
    }

    public string Accepted => HttpAddress.Accepted;
}

using System.CommandLine;

namespace StaleConnGuard.Cli;

/// <summary>An option that takes the address of an HTTP server.</summary>
internal sealed class ServerOption : Option<Uri?>, IAcceptedValues
{
    public ServerOption(string name, string description)
        : base(name)
    {
        Description = description;
        HelpName = "address";
        CustomParser = result => HttpAddress.Parse(result, Name);
    }

    public string Accepted => HttpAddress.Accepted;
}

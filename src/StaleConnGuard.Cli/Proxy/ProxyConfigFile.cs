using Microsoft.Extensions.Configuration;

namespace StaleConnGuard.Cli;

/// <summary>The file of <c>--config</c>.</summary>
internal static class ProxyConfigFile
{
    public const string ReverseProxy = "ReverseProxy";

    /// <exception cref="CannotProxyException">There is no such file, it is no JSON, or it has nothing of YARP.</exception>
    public static void Add(IConfigurationBuilder configuration, string file)
    {
        string path = Path.GetFullPath(file);
        IConfigurationRoot read;
        if (!File.Exists(path))
        {
            throw new CannotProxyException($"--config: '{file}' is not accepted; there is no such file.", CommandLine.BadArguments);
        }

        try
        {
            read = new ConfigurationBuilder().AddJsonFile(path, optional: false).Build();
            configuration.AddJsonFile(path, optional: false, reloadOnChange: true);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or UnauthorizedAccessException)
        {
            throw new CannotProxyException($"--config: '{file}' is not accepted; {(e.InnerException ?? e).Message.ReplaceLineEndings(" ")}", CommandLine.BadArguments);
        }

        if (!read.GetSection(ReverseProxy).GetSection("Routes").GetChildren().Any())
        {
            throw new CannotProxyException($"--config: '{file}' is not accepted; accepted is a file with {ReverseProxy}:Routes and {ReverseProxy}:Clusters, as YARP reads them.", CommandLine.BadArguments);
        }
    }
}

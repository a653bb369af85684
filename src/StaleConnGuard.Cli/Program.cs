using StaleConnGuard.Cli;
using StaleConnGuard.Lab;

if (OwnNamespace.IsOfUse(args))
{
    return await UserNamespace.RunAsync(args);
}

if (UserNamespace.IsInside)
{
    UserNamespace.Prepare();
}

return await CommandLine.RunAsync(args, Console.Out, Console.Error);

using StaleConnGuard.Benchmarks;

return args switch
{
    ["keep-alive-simulation", .. string[] rest] => KeepAliveSimulation.Run(rest),
    _ => 0,
};

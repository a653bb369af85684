using StaleConnGuard.Benchmarks;

return args switch
{
    ["keep-alive-simulation", .. string[] rest] => KeepAliveSimulation.Run(rest),
    ["keep-alive-fuzz", .. string[] rest] => KeepAliveFuzz.Run(rest),
    _ => 0,
};

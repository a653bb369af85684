using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using StaleConnGuard.Benchmarks;

return args switch
{
    ["soak", .. string[] rest] => await Soak.RunAsync(rest),
    ["keep-alive-simulation", .. string[] rest] => KeepAliveSimulation.Run(rest),
    ["keep-alive-learning", .. string[] rest] => await KeepAliveLearning.RunAsync(rest),
    ["silent-drop", .. string[] rest] => await SilentDrop.RunAsync(rest),
    ["silent-cost", .. string[] rest] => await SilentCost.RunAsync(rest),
    ["interop", .. string[] rest] => await Interop.RunAsync(rest),
    ["reverse-proxy", .. string[] rest] => await ReverseProxy.RunAsync(rest),
    ["proxies", .. string[] rest] => await Proxies.RunAsync(rest),
    [YarpChild.Command, .. string[] rest] => await YarpChild.RunAsync(rest),
    ["keep-alive-fuzz", .. string[] rest] => KeepAliveFuzz.Run(rest),
    ["explain-fuzz", .. string[] rest] => Explaining.Fuzz(rest),
    ["explain-truth", .. string[] rest] => await Explaining.TruthAsync(rest),
    ["explain-example", string folder] => await Explaining.ExampleAsync(folder),
    ["explain-speed", .. string[] rest] => Explaining.Speed(rest),
    ["http2", .. string[] rest] => await Http2Races.RunAsync(rest),
    ["http2-soak", .. string[] rest] => await Http2Soak.RunAsync(rest),
    ["http2-fuzz", .. string[] rest] => Http2Fuzz.Run(rest),
    ["overhead", .. string[] rest] => await Overhead.RunAsync(rest),
    ["resilience", .. string[] rest] => await Resilience.RunAsync(Results.Options(rest)),
    ["race-rates", .. string[] rest] => await RaceRates.RunAsync(Results.Options(rest)),
    [RaceServersProcess.Command, .. string[] rest] => await RaceServersProcess.RunAsync(rest),
    ["safety", .. string[] rest] => await Safety.RunAsync(Results.Options(rest)),
    ["scale", .. string[] rest] => await Scale.RunAsync(Results.Options(rest)),
    ["cold", .. string[] rest] => await Cold.RunAsync(Results.Options(rest)),
    [ColdStart.Command, .. string[] rest] => await ColdStart.RunAsync(rest),
    [HoldingServer.Command] => await HoldingServer.RunAsync(),
    [ScaleOnce.Command, .. string[] rest] => await ScaleOnce.RunAsync(rest),
    ["fault-soak", .. string[] rest] => await FaultSoak.RunAsync(rest),
    [FaultSoakServer.Command, .. string[] rest] => await FaultSoakServer.RunAsync(rest),
    ["fuzz", .. string[] rest] => Fuzz.Run(rest),
    ["duress", "only", string condition] => await Duress.RunOnlyAsync(condition),
    ["duress", .. string[] rest] => await Duress.RunAsync(Results.Options(rest)),
    [DuressClient.Command, .. string[] rest] => await DuressClient.RunAsync(rest),
    [DuressOrigins.Command, .. string[] rest] => await DuressOrigins.RunChildAsync(rest),
    ["page", string name, string title, .. string[] rest] => ResultOfCommand.Run(name, title, Results.Options(rest)),
    ["documents", .. string[] rest] => Documents.Run(Results.Options(rest)),
    ["loopback", .. string[] rest] => await Loopback.RunAsync(rest),
    [LoopbackChild.Command, .. string[] rest] => await LoopbackChild.RunAsync(rest),
    ["http2-syscalls"] => await Http2SystemCalls.RunAsync(),
    [LoopbackServer.Command] => await LoopbackServer.RunAsync(),
    _ => RunBenchmarks(args),
};

static int RunBenchmarks(string[] args)
{
    IConfig config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
    BenchmarkSwitcher.FromAssembly(typeof(InMemoryBenchmark).Assembly).Run(args, config);
    return 0;
}

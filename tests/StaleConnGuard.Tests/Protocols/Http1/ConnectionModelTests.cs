using CsCheck;

namespace StaleConnGuard.Tests.Protocols.Http1;

/// <summary>
/// One connection under random interleavings of who writes requests, who reads, the server, the watch and who disposes, step by step against a reference that is written down in the
/// most obvious way. CsCheck makes what fails as short as it gets and prints its seed, which the environment variable <c>CsCheck_Seed</c> repeats.
/// </summary>
public class ConnectionModelTests
{
    private const int Sequences = 3_000;

    [Fact]
    public void Connection_WhateverTheOrder_BehavesAsTheReference() =>
        Gen.Enum<ModelStep>().Array[1, 30].Sample(
            static steps => new ConnectionModel().RunAsync(steps).GetAwaiter().GetResult(),
            iter: Sequences,
            print: static steps => string.Join(", ", steps));

    /// <summary>
    /// Three sides at once, on threads of their own: the server ends the connection, a request begins, the watch gives up. Whatever the order, the request has exactly one outcome, and one
    /// that was refused has not left.
    /// </summary>
    [Fact]
    public void Connection_TakenAndEndedAtOnce_EndsInOneWay() =>
        Gen.Select(Gen.Int[0, 400], Gen.Int[0, 400], Gen.Int[0, 400], Gen.Bool).Sample(
            static (write, end, watch, answers) => ConcurrentModel.RunAsync(write, end, watch, answers).GetAwaiter().GetResult(),
            iter: 400,
            threads: 1);
}

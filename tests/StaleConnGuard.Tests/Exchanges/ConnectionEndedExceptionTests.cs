using System.Net.Sockets;
using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests.Exchanges;

/// <summary>The evidence travels in the exception, whatever it is wrapped in on its way, and never to another request.</summary>
public class ConnectionEndedExceptionTests
{
    private readonly ConnectionGuard _guard = new(new KeepAliveLedger(), new TestClock());

    [Fact]
    public void EvidenceOf_WrappedByRuntimeAndContent_IsWhatWasRecordedFirst()
    {
        Exchange exchange = Ended(ConnectionEnd.EndOfStream, Delivery.ProvenUndelivered);
        exchange.RecordEnd(ConnectionEnd.Reset, Delivery.Unknown);
        var thrown = ConnectionEndedException.BeforeResponse(exchange);
        var wrapped = new HttpRequestException("sent", new InvalidOperationException("content", thrown));

        ConnectionEndedException.EvidenceOf(wrapped, exchange).ShouldBe(new ExchangeEnd(ConnectionEnd.EndOfStream, Delivery.ProvenUndelivered));
    }

    [Fact]
    public void EvidenceOf_AnotherRequestsEnd_IsNone()
    {
        Exchange other = Ended(ConnectionEnd.Refused, Delivery.NotSent);

        ConnectionEndedException.EvidenceOf(new HttpRequestException("content", ConnectionEndedException.Refused(other, RefusalReason.TooOld)), Open()).ShouldBeNull();
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void EvidenceOf_AFurtherRequestsEnd_CountsOnAReusedConnectionOnly(bool isReused, bool counts)
    {
        Exchange root = Open();
        Exchange further = Exchange.ForFurtherRequest(_guard, root, isIdempotent: true);
        further.Bind(Binding(isReused));
        further.RecordEnd(ConnectionEnd.EndOfStream, Delivery.ResponseStarted);

        ExchangeEnd? evidence = ConnectionEndedException.EvidenceOf(ConnectionEndedException.BeforeResponse(further), root);

        (evidence is not null).ShouldBe(counts);
        evidence.ShouldBe(root.Evidence);
    }

    [Fact]
    public void Failed_ASocketsError_KeepsItsWordsAndWhatWasInside()
    {
        Exchange exchange = Ended(ConnectionEnd.Reset, Delivery.Unknown);
        var socket = new SocketException((int)SocketError.ConnectionReset);
        var thrown = ConnectionEndedException.Failed(exchange, new IOException("Unable to read data", socket));

        thrown.HttpRequestError.ShouldBe(HttpRequestError.Unknown);
        thrown.Message.ShouldStartWith("Unable to read data");
        thrown.InnerException.ShouldBeSameAs(socket);
        thrown.Evidence.ShouldBeSameAs(exchange.Evidence);
    }

    private static GuardedStream Connection(ConnectionGuard guard) =>
        new(new MemoryStream(), transport: null, guard, guard.Ledger.GetOrAdd(new OriginKey("https", "api.test", 443, null)));

    private Exchange Open() => new(new ExchangeScope(_guard, GuardSettings.Default), new HttpRequestMessage());

    private Exchange Ended(ConnectionEnd end, Delivery delivery)
    {
        Exchange exchange = Open();
        exchange.Bind(Binding(isReused: true));
        exchange.RecordEnd(end, delivery);
        return exchange;
    }

    private Binding Binding(bool isReused) => new()
    {
        Connection = Connection(_guard),
        IsReused = isReused,
        IdleAgeTicks = 0,
        ConnectionAgeTicks = 0,
        RequestsBefore = 1,
        IdleSince = 0,
        BeganAt = 0,
        Mark = default,
    };
}

using StaleConnGuard.Exchanges;
using StaleConnGuard.Pipeline;

namespace StaleConnGuard.Tests.Pipeline;

public class ExchangeContextTests
{
    [Fact]
    public async Task Send_NotAnsweredYet_TheExchangeIsBelowTheHandlerAndNotWithTheCaller()
    {
        var inner = new Waiting();
        var guard = new ConnectionGuard(new KeepAliveLedger(), TimeProvider.System);
        using var invoker = new HttpMessageInvoker(new ConnectionGuardHandler(guard, new GuardSettingsHolder(GuardSettings.Default), inner));
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://orders.test/");

        Task<HttpResponseMessage> sending = invoker.SendAsync(request, TestContext.Current.CancellationToken);
        Exchange? ofTheCaller = Exchange.Current;
        inner.Answer.SetResult(new HttpResponseMessage());
        using HttpResponseMessage response = await sending;

        inner.Seen.ShouldNotBeNull();
        ofTheCaller.ShouldBeNull();
        Exchange.Current.ShouldBeNull();
    }

    private sealed class Waiting : HttpMessageHandler
    {
        public TaskCompletionSource<HttpResponseMessage> Answer { get; } = new();

        public Exchange? Seen { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Seen = Exchange.Current;
            return Answer.Task;
        }
    }
}

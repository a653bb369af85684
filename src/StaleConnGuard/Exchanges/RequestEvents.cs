namespace StaleConnGuard.Exchanges;

/// <summary>The events of <see cref="IGuardEvents"/> that come with nearly every request: who does not want them is not called.</summary>
[Flags]
internal enum RequestEvents
{
    None = 0,

    /// <see cref="IGuardEvents.ConnectionReused"/>
    ConnectionReused = 1,

    /// <see cref="IGuardEvents.SeenOpen"/>
    SeenOpen = 2,

    /// <see cref="IGuardEvents.ExchangeBegan"/>
    ExchangeBegan = 4,

    /// <see cref="IGuardEvents.ResponseBegan"/>
    ResponseBegan = 8,

    /// <see cref="IGuardEvents.SharedExchangeDone"/>
    SharedExchangeDone = 16,

    All = ConnectionReused | SeenOpen | ExchangeBegan | ResponseBegan | SharedExchangeDone,
}

using System.Reflection;
using System.Runtime.CompilerServices;

namespace StaleConnGuard.Tests.Exchanges;

public sealed class RequestEventsTests
{
    private static readonly string[] s_events = [.. Enum.GetNames<RequestEvents>().Except([nameof(RequestEvents.None), nameof(RequestEvents.All)])];

    public static TheoryData<Type> Listeners =>
        [.. typeof(IGuardEvents).Assembly.GetTypes().Where(type => type.IsClass && type != typeof(GuardEvents) && typeof(IGuardEvents).IsAssignableFrom(type))];

    [Fact]
    public void Events_EachHasItsMethod() => s_events.ShouldAllBe(name => typeof(IGuardEvents).GetMethod(name) != null);

    /// <summary>A listener that takes an event and does not say so would never be told.</summary>
    [Theory]
    [MemberData(nameof(Listeners))]
    public void Listener_HearsWhatItTakes(Type listener)
    {
        InterfaceMapping map = listener.GetInterfaceMap(typeof(IGuardEvents));
        var taken = map.InterfaceMethods.Zip(map.TargetMethods).Where(pair => pair.Second.DeclaringType == listener).Select(pair => pair.First.Name).Intersect(s_events).ToList();

        // What it hears is a constant, so it need not be set up.
        RequestEvents hears = ((IGuardEvents)RuntimeHelpers.GetUninitializedObject(listener)).Hears;
        s_events.Where(name => hears.HasFlag(Enum.Parse<RequestEvents>(name))).ShouldBe(taken, ignoreOrder: true);
    }
}

namespace StaleConnGuard.Exchanges;

/// <summary>The settings in force for one client. Replaced as a whole on reload; an exchange keeps those it began with.</summary>
internal sealed class GuardSettingsHolder(GuardSettings settings)
{
    private volatile GuardSettings _current = settings;

    public GuardSettings Current
    {
        get => _current;
        set => _current = value;
    }
}

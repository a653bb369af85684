using System.Security.Cryptography.X509Certificates;

namespace StaleConnGuard.Lab;

/// <summary>How a <see cref="RaceServer"/> behaves.</summary>
public sealed class RaceServerOptions
{
    /// <summary>Gets or sets the idle age, since the last byte of a response was written, at which a connection is closed.</summary>
    /// <value>The default value is 1 second.</value>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets what happens to a connection at that age.</summary>
    /// <value>The default value is <see cref="IdleEnd.Close"/>.</value>
    public IdleEnd IdleEnd { get; set; }

    /// <summary>Gets or sets what responses say in <c>Keep-Alive: timeout=</c>, in whole seconds.</summary>
    /// <value>The default value is <see langword="null"/>: they do not carry the header.</value>
    public TimeSpan? AdvertisedTimeout { get; set; }

    /// <summary>Gets or sets the certificate, with its private key, that the server speaks TLS with.</summary>
    /// <value>The default value is <see langword="null"/>: plain HTTP.</value>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>
    /// Gets or sets which requests the server executes and then dies on: it closes the connection without an answer. It is asked at each
    /// execution, from any thread, with the request's id (null when it has none) and how often that id was executed, this time included.
    /// </summary>
    /// <value>The default value is <see langword="null"/>: it never does.</value>
    public Func<string?, int, bool>? DiesOn { get; set; }
}

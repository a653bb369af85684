using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace StaleConnGuard.Lab;

/// <summary>Certificates for servers that live as long as a race. Nobody should trust them but a client that was told to.</summary>
public static class SelfSignedCertificate
{
    /// <summary>Makes a certificate with its private key for <c>localhost</c> and the addresses given, valid from a day before now to a day after.</summary>
    public static X509Certificate2 Create(params ReadOnlySpan<IPAddress> addresses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=StaleConnGuard race", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        foreach (IPAddress address in addresses)
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}

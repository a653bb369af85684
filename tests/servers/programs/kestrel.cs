#:sdk Microsoft.NET.Sdk.Web
#:property PublishAot=false
using System.Globalization;
using System.Net;

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(int.Parse(args[2], CultureInfo.InvariantCulture));
    kestrel.Listen(IPAddress.Parse(args[0]), int.Parse(args[1], CultureInfo.InvariantCulture));
});
WebApplication application = builder.Build();
application.Run(static context => context.Response.WriteAsync("ok\n"));
application.Run();

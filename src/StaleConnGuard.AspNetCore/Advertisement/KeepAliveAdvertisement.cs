using System.Globalization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace StaleConnGuard;

/// <summary>
/// Adds <c>Keep-Alive: timeout=N</c> to HTTP/1.1 responses, or <c>Connection: close</c> from the moment the host begins to shut down, and
/// delays the shutdown until clients have heard it. Thread-safe.
/// </summary>
/// <remarks>
/// <see cref="DrainAsync"/> is called before the host stops any service, Kestrel included: until it returns, everything is served as before.
/// Kestrel checks idle connections once a second and sets each deadline a second after its timeout, so it closes late and never
/// early; the timeout itself, rounded down, is what can be promised.
/// </remarks>
internal sealed class KeepAliveAdvertisement
{
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(250);

    private readonly KeepAliveAdvertisementOptions _options;
    private readonly TimeSpan _keepAliveTimeout;
    private readonly IServer _server;
    private readonly CancellationToken _applicationStopping;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly OpenConnections _connections = new();
    private readonly Func<object, Task> _onStarting;
    private readonly StringValues _advertisement;
    private readonly bool _isKestrel;
    private volatile bool _stopping;

    public KeepAliveAdvertisement(
        IOptions<KeepAliveAdvertisementOptions> options,
        IOptions<KestrelServerOptions> kestrel,
        IServer server,
        IHostApplicationLifetime lifetime,
        ILoggerFactory loggers,
        TimeProvider? time = null)
    {
        _options = options.Value;
        _keepAliveTimeout = kestrel.Value.Limits.KeepAliveTimeout;
        _server = server;
        _applicationStopping = lifetime.ApplicationStopping;
        _logger = loggers.CreateLogger(ServerLog.Category);
        _time = time ?? TimeProvider.System;
        _onStarting = OnStarting;
        _isKestrel = server.GetType().Assembly == typeof(KestrelServerOptions).Assembly;

        // Kestrel keeps an infinite timeout as the longest there is: a promise of that length says nothing.
        bool isFinite = _keepAliveTimeout > TimeSpan.Zero && _keepAliveTimeout < TimeSpan.MaxValue;
        _advertisement = isFinite ? string.Create(CultureInfo.InvariantCulture, $"timeout={Seconds}") : StringValues.Empty;
    }

    private long Seconds => (long)Math.Floor(_keepAliveTimeout.TotalSeconds);

    // A signal sets the first; stopping the host by a call comes here before that, and sets the second.
    private bool IsStopping => _stopping || _applicationStopping.IsCancellationRequested;

    /// <summary>To be called first for each request.</summary>
    public void OnRequest(HttpContext context)
    {
        if (_isKestrel && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            _connections.Add(context);
            context.Response.OnStarting(_onStarting, context);
        }
    }

    /// <summary>Says what is wrong with the settings.</summary>
    public void CheckSettings()
    {
        if (!_isKestrel)
        {
            ServerLog.NotKestrel(_logger, _server.GetType().Name);
            return;
        }

        foreach ((string name, TimeSpan timeout) in _options.Balancers)
        {
            if (_keepAliveTimeout <= timeout)
            {
                ServerLog.TimeoutNotAboveBalancer(_logger, _keepAliveTimeout, name, timeout);
            }
        }

        if (_advertisement.Count > 0 && Seconds < 2)
        {
            ServerLog.TimeoutTooShort(_logger, _keepAliveTimeout, Seconds);
        }
    }

    /// <summary>Tells clients to close, and completes when they have, or when the patience is over.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        int open = _connections.Count;
        if (open == 0 || _options.Drain <= TimeSpan.Zero)
        {
            return;
        }

        ServerLog.Draining(_logger, open, _options.Drain);
        long begun = _time.GetTimestamp();
        try
        {
            // A connection may be on its way to carry its first request, and is not counted yet: empty means empty for a moment.
            do
            {
                await _connections.WhenEmpty().WaitAsync(Remaining(begun), _time, cancellationToken).ConfigureAwait(false);
                await Task.Delay(s_settle, _time, cancellationToken).ConfigureAwait(false);
            }
            while (_connections.Count > 0);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Whoever did not send a request meanwhile could not be told.
        }

        ServerLog.Drained(_logger, _connections.Count);
    }

    private TimeSpan Remaining(long begun)
    {
        TimeSpan remaining = _options.Drain - _time.GetElapsedTime(begun);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }

    // As late as can be: exception handlers clear the headers of a response, and the shutdown may begin while the request is at work.
    private Task OnStarting(object state)
    {
        var context = (HttpContext)state;
        HttpResponse response = context.Response;
        if (response.StatusCode == StatusCodes.Status101SwitchingProtocols)
        {
            OpenConnections.Remove(context);
            return Task.CompletedTask;
        }

        if (IsStopping)
        {
            response.Headers.Connection = "close";
            response.Headers.Remove("Keep-Alive");
            return Task.CompletedTask;
        }

        if (_advertisement.Count > 0 && !SaysClose(context.Request.Headers.Connection) && !SaysClose(response.Headers.Connection) && response.Headers.KeepAlive.Count == 0)
        {
            response.Headers.KeepAlive = _advertisement;
        }

        return Task.CompletedTask;
    }

    private static bool SaysClose(StringValues connection)
    {
        foreach (string? value in connection)
        {
            if (value is not null && value.Contains("close", StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}

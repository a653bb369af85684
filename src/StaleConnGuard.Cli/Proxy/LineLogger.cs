using System.Globalization;
using Microsoft.Extensions.Logging;

namespace StaleConnGuard.Cli;

/// <summary>Logs in plain lines, one each: time, level, category, id, text, and of an exception its message.</summary>
internal sealed class LineLoggerProvider(TextWriter writer) : ILoggerProvider
{
    private readonly TextWriter _writer = TextWriter.Synchronized(writer);

    public ILogger CreateLogger(string categoryName) => new LineLogger(categoryName, _writer);

    // Whose it is, closes it.
    public void Dispose()
    {
    }

    private sealed class LineLogger(string category, TextWriter writer) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string text = exception is null ? formatter(state, null) : $"{formatter(state, exception)} {exception.GetType().Name}: {exception.Message}";
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {logLevel} {category}[{eventId.Id}] {text.ReplaceLineEndings(" ")}"));
        }
    }
}

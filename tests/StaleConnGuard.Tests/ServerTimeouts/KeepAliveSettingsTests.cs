namespace StaleConnGuard.Tests;

public class KeepAliveSettingsTests
{
    private static readonly OriginKey s_api = new("https", "api.example.com", 443, null);

    private readonly KeepAliveOptions _options = new();

    [Fact]
    public void From_Defaults_KnowsNoTimeoutAndLearns()
    {
        KeepAliveSettings settings = KeepAliveSettings.From(_options);
        settings.ConfiguredTicks.ShouldBe(KeepAliveSettings.None);
        settings.Margin.ShouldBeOfType<MeasuredMarginPolicy>().FullTicks.ShouldBe(TimeSpan.FromSeconds(1).Ticks);
        settings.NonIdempotentMaxIdleTicks.ShouldBe(TimeSpan.FromSeconds(2).Ticks);
        settings.Learn.ShouldBeTrue();
        settings.Remembers.ShouldBeFalse();
        settings.HasOrigins.ShouldBeFalse();
        settings.Origins.ShouldBeEmpty();
        settings.For(s_api).ShouldBeSameAs(settings);
        settings.EntryOf(s_api).ShouldBeNull();
    }

    [Fact]
    public void From_OriginWithoutValuesOfItsOwn_TakesThoseOfTheClient()
    {
        _options.ServerTimeout = TimeSpan.FromSeconds(60);
        _options.Margin = TimeSpan.FromSeconds(3);
        _options.NonIdempotentMaxIdle = Timeout.InfiniteTimeSpan;
        _options.MeasureMargin = false;
        _options.LedgerFile = "/a/file";
        _options.Origins["https://api.example.com"] = new KeepAliveOriginOptions();
        KeepAliveSettings settings = KeepAliveSettings.From(_options).For(s_api);
        settings.ConfiguredTicks.ShouldBe(TimeSpan.FromSeconds(60).Ticks);
        settings.Margin.ShouldBeOfType<FullMarginPolicy>().FullTicks.ShouldBe(TimeSpan.FromSeconds(3).Ticks);
        settings.NonIdempotentMaxIdleTicks.ShouldBe(KeepAliveSettings.None);
        settings.Remembers.ShouldBeTrue();
    }

    [Fact]
    public void From_OriginWithValuesOfItsOwn_TakesThose()
    {
        _options.LedgerFile = "/a/file";
        _options.Origins["https://api.example.com"] = new KeepAliveOriginOptions
        {
            ServerTimeout = TimeSpan.FromSeconds(5),
            Margin = TimeSpan.FromSeconds(2),
            NonIdempotentMaxIdle = TimeSpan.FromSeconds(4),
            Learn = false,
            MeasureMargin = true,
        };
        KeepAliveSettings all = KeepAliveSettings.From(_options);
        KeepAliveSettings settings = all.For(s_api);
        settings.ConfiguredTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
        settings.NonIdempotentMaxIdleTicks.ShouldBe(TimeSpan.FromSeconds(4).Ticks);
        settings.Learn.ShouldBeFalse();
        settings.Margin.ShouldBeOfType<FullMarginPolicy>("who does not learn measures nothing").FullTicks.ShouldBe(TimeSpan.FromSeconds(2).Ticks);
        settings.Remembers.ShouldBeFalse("nor is anything remembered");
        all.HasOrigins.ShouldBeTrue();
        all.Origins.ShouldBe([s_api]);
        all.EntryOf(s_api).ShouldBe(s_api);
        all.For(s_api with { Host = "other.example.com" }).ShouldBeSameAs(all);
        all.EntryOf(s_api with { Host = "other.example.com" }).ShouldBeNull();
    }

    [Fact]
    public void For_Knowledge_AsForItsKey()
    {
        var origin = new OriginUnderTest();
        KeepAliveSettings plain = KeepAliveSettings.From(_options);
        plain.For(origin.Knowledge).ShouldBeSameAs(plain);
        _options.Origins["https://api.example.com"] = new KeepAliveOriginOptions { Learn = false };
        KeepAliveSettings.From(_options).For(origin.Knowledge).Learn.ShouldBeFalse();
    }

    [Theory]
    [InlineData("https+http://orders", "https://10.0.0.1:8443/", true)]
    [InlineData("https+http://orders", "http://10.0.0.1:8080/", true)]
    [InlineData("http+https://orders", "https://10.0.0.1/", true)]
    [InlineData("https://orders", "https://10.0.0.1/", true)]
    [InlineData("http://orders", "http://10.0.0.1/", false)]
    [InlineData("https://orders:444", "https://10.0.0.1/", false)]
    public void Resolved_NameWithSettings_TheyCountForItsAddress(string logical, string address, bool found)
    {
        _options.Origins["https://orders"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(5) };
        KeepAliveSettings settings = KeepAliveSettings.From(_options);

        settings.Resolved(new Uri(logical), new Uri(address));

        settings.For(OriginKey.Of(new Uri(address))).ConfiguredTicks.ShouldBe(found ? TimeSpan.FromSeconds(5).Ticks : KeepAliveSettings.None);
        settings.For(OriginKey.Of(new Uri(address), new Uri("http://proxy:3128"))).ConfiguredTicks.ShouldBe(found ? TimeSpan.FromSeconds(5).Ticks : KeepAliveSettings.None);
    }

    [Fact]
    public void Resolved_BothSchemesOfANameHaveSettings_TheFirstCounts()
    {
        _options.Origins["https://orders"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(5) };
        _options.Origins["http://orders"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(7) };
        KeepAliveSettings settings = KeepAliveSettings.From(_options);
        var address = new Uri("https://10.0.0.1/");
        settings.Resolved(new Uri("https+http://orders"), address);
        settings.For(OriginKey.Of(address)).ConfiguredTicks.ShouldBe(TimeSpan.FromSeconds(5).Ticks);
    }

    [Fact]
    public void Resolved_BeforeAReload_IsStillKnownAfterIt()
    {
        _options.Origins["https://orders"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(5) };
        KeepAliveSettings before = KeepAliveSettings.From(_options);
        before.Resolved(new Uri("https://orders"), new Uri("https://10.0.0.1/"));
        _options.Origins["https://orders"].ServerTimeout = TimeSpan.FromSeconds(7);

        OriginKey address = OriginKey.Of(new Uri("https://10.0.0.1/"));
        KeepAliveSettings.From(_options, before).For(address).ConfiguredTicks.ShouldBe(TimeSpan.FromSeconds(7).Ticks);
        KeepAliveSettings.From(_options).For(address).ConfiguredTicks.ShouldBe(KeepAliveSettings.None);
        _options.Origins.Remove("https://orders");
        _options.Origins["https://other"] = new KeepAliveOriginOptions();
        KeepAliveSettings.From(_options, before).For(address).ConfiguredTicks.ShouldBe(KeepAliveSettings.None, "its name has no settings any more");
    }

    [Fact]
    public void Resolved_TooManyAddresses_KeepsThoseThatWereThereFirst()
    {
        _options.Origins["https://orders"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(5) };
        _options.Origins["https://bills"] = new KeepAliveOriginOptions { ServerTimeout = TimeSpan.FromSeconds(6) };
        KeepAliveSettings settings = KeepAliveSettings.From(_options);
        for (int i = 0; i <= KeepAliveDefaults.MaxOrigins; i++)
        {
            settings.Resolved(new Uri("https://orders"), Address(i));
        }

        Timeout(KeepAliveDefaults.MaxOrigins - 1).ShouldBe(TimeSpan.FromSeconds(5).Ticks);
        Timeout(KeepAliveDefaults.MaxOrigins).ShouldBe(KeepAliveSettings.None);
        settings.Resolved(new Uri("https://bills"), Address(0));
        Timeout(0).ShouldBe(TimeSpan.FromSeconds(6).Ticks, "the last name that led there");

        long Timeout(int i) => settings.For(OriginKey.Of(Address(i))).ConfiguredTicks;
        static Uri Address(int i) => new($"https://10.0.{i / 250}.{i % 250}/");
    }

    [Theory]
    [InlineData("https+http://orders", "https", 443)]
    [InlineData("https+http://orders", "http", 80)]
    [InlineData("https+http://orders:8080", "https", 8080)]
    [InlineData("https://Orders", "https", 443)]
    [InlineData("https://orders", "http", 80)]
    [InlineData("http://orders:0", "http", 0)]
    public void KeyOf_Name_HasThePortOfItsScheme(string uri, string scheme, int port) =>
        KeepAliveSettings.KeyOf(new Uri(uri), scheme).ShouldBe(new OriginKey(scheme, "orders", port, null));
}

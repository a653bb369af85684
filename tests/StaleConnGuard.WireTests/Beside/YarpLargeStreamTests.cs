using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace StaleConnGuard.WireTests.Beside;

/// <summary>Large bodies through a guarded proxy. What is measured is the whole process' memory, so nothing else may run in it.</summary>
[Collection(ExactTime.Collection)]
public sealed class YarpLargeStreamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task LargeStreams_BothWays_MemoryStaysFlat(int version)
    {
        const long Size = 64L * 1024 * 1024;
        await using WebApplication upstream = await YarpProtocolTests.UpstreamAsync(version);
        await using YarpHost proxy = await YarpHost.StartAsync(new Uri(upstream.Urls.First()), yarp => yarp.AddStaleConnGuard(), version: new Version(version, version == 1 ? 1 : 0));
        using var client = new HttpClient { BaseAddress = proxy.Address };
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using (HttpResponseMessage sent = await client.PostAsync("/discard", new StreamContent(new YarpProtocolTests.Zeros(Size))))
        {
            (await sent.Content.ReadAsStringAsync()).ShouldBe($"{Size}");
        }

        using HttpResponseMessage response = await client.GetAsync($"/zeros?{Size}", HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await response.Content.ReadAsStreamAsync();
        byte[] buffer = new byte[81_920];
        long total = 0;
        int count;
        while ((count = await body.ReadAsync(buffer)) > 0)
        {
            total += count;
        }

        total.ShouldBe(Size);
        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(16 * 1024 * 1024);
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using StaleConnGuard.Racing;
using StaleConnGuard.Testing;

namespace StaleConnGuard.WireTests;

[Collection(ExactTime.Collection)]
public class DelayedLinkTests
{
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan s_calibratedFrom = TimeSpan.FromMilliseconds(9);
    private static readonly TimeSpan s_calibratedTo = TimeSpan.FromMilliseconds(12);

    public DelayedLinkTests() => Requirement.MetOrSkip(DelayedLink.IsAvailable(out string reason), $"No link of real packets: {reason}.");

    [Fact]
    public async Task RoundTrip_TcpEcho_TakesTwiceTheDelayAndLittleMore()
    {
        using DelayedLink link = DelayedLink.Create(s_delay);
        await using var echo = EchoServer.Start(link);
        using Socket client = await ConnectAsync(echo.EndPoint);

        // What else runs on the machine makes some late, but in the long run not all; and none is early.
        double shortest = double.MaxValue;
        byte[] buffer = [1];
        long giveUpAt = GiveUpAt();
        for (int i = 0; i < 30 || (shortest > 21 && Stopwatch.GetTimestamp() < giveUpAt); i++)
        {
            long start = Stopwatch.GetTimestamp();
            _ = await client.SendAsync(buffer);
            _ = await client.ReceiveAsync(buffer);
            shortest = Math.Min(shortest, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        shortest.ShouldBeInRange(20, 21);
    }

    [Fact]
    public void Calibrate_BareSockets_ConnectInTwoDelays()
    {
        TimeSpan median;
        long giveUpAt = GiveUpAt();
        do
        {
            // It makes up for how late the machine is. One that is late now and then is a moment later no longer so.
            using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(5));
            IReadOnlyList<TimeSpan> connects = link.Calibrate();
            connects.ShouldBeInOrder();
            link.DelayEachWay.ShouldBe(TimeSpan.FromMilliseconds(5), "what is asked for stays what the link is for");
            median = connects[connects.Count / 2];
        }
        while ((median < s_calibratedFrom || median > s_calibratedTo) && Stopwatch.GetTimestamp() < giveUpAt);

        median.ShouldBeInRange(s_calibratedFrom, s_calibratedTo);
    }

    [Fact]
    public async Task Packets_ManyDatagrams_ArriveInOrder()
    {
        using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(2));
        using Socket server = link.InServerNamespace(() => BoundDatagramSocket(link.ServerAddress));
        using Socket client = BoundDatagramSocket(link.ClientAddress);
        EndPoint target = server.LocalEndPoint!;

        for (int i = 0; i < 200; i++)
        {
            _ = await client.SendToAsync(BitConverter.GetBytes(i), target);
        }

        var received = new List<int>();
        byte[] buffer = new byte[4];
        for (int i = 0; i < 200; i++)
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            _ = await server.ReceiveAsync(buffer, timeout.Token);
            received.Add(BitConverter.ToInt32(buffer));
        }

        received.ShouldBe(Enumerable.Range(0, 200));
    }

    [Fact]
    public async Task Create_TwoLinksAtOnce_DoNotMeet()
    {
        using DelayedLink near = DelayedLink.Create(TimeSpan.FromMilliseconds(1));
        using DelayedLink far = DelayedLink.Create(TimeSpan.FromMilliseconds(30));
        await using var nearEcho = EchoServer.Start(near);
        await using var farEcho = EchoServer.Start(far);

        near.DeviceName.ShouldNotBe(far.DeviceName);
        near.ServerAddress.ShouldNotBe(far.ServerAddress);
        (await MeasureConnectAsync(farEcho.EndPoint, wanted: TimeSpan.FromMilliseconds(65))).ShouldBeInRange(TimeSpan.FromMilliseconds(60), TimeSpan.FromMilliseconds(65));
        (await MeasureConnectAsync(nearEcho.EndPoint, wanted: TimeSpan.FromMilliseconds(7))).ShouldBeInRange(TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(7));
    }

    [Fact]
    public async Task DropToServer_SwitchedOn_LosesWhatIsSentThen()
    {
        using DelayedLink link = DelayedLink.Create(TimeSpan.FromMilliseconds(1));
        await using var echo = EchoServer.Start(link);
        using Socket client = await ConnectAsync(echo.EndPoint);
        byte[] buffer = [1];

        link.DropToServer = true;
        _ = await client.SendAsync(buffer);
        Task<int> answer = client.ReceiveAsync(buffer);
        Task first = await Task.WhenAny(answer, Task.Delay(100));
        first.ShouldNotBe(answer);

        link.DropToServer = false;
        (await answer.WaitAsync(TimeSpan.FromSeconds(10))).ShouldBe(1, "TCP repeats what was lost");
    }

    [Fact]
    public void InServerNamespace_FunctionThrows_ThrowsItHere()
    {
        using DelayedLink link = DelayedLink.Create(TimeSpan.Zero);

        Should.Throw<TimeoutException>(() => link.InServerNamespace<int>(() => throw new TimeoutException()));
        link.InServerNamespace(() => 5).ShouldBe(5);
    }

    [Fact]
    public async Task StartInServerNamespace_Process_SeesTheServersDeviceOnly()
    {
        using DelayedLink link = DelayedLink.Create(TimeSpan.Zero);
        using Process process = link.StartInServerNamespace(new ProcessStartInfo("cat", "/proc/net/dev") { RedirectStandardOutput = true, UseShellExecute = false });
        string devices = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        devices.ShouldContain("server:");
        devices.ShouldNotContain(link.DeviceName);
    }

    [Fact]
    public async Task Dispose_AfterUse_LeavesNoDeviceThreadOrNamespace()
    {
        string device;
        string @namespace;
        using (DelayedLink link = DelayedLink.Create(s_delay))
        {
            device = link.DeviceName;
            @namespace = File.ResolveLinkTarget(link.NamespacePath, returnFinalTarget: false)!.Name;
            Devices().ShouldContain(device);
            NamespacesInUse().ShouldContain(@namespace);
        }

        Devices().ShouldNotContain(device);

        // A thread that was joined may still be on its way out of the kernel.
        long giveUpAt = AlarmClock.After(Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(10));
        while (NamespacesInUse().Contains(@namespace) && Stopwatch.GetTimestamp() < giveUpAt)
        {
            await Task.Delay(5);
        }

        NamespacesInUse().ShouldNotContain(@namespace);
    }

    private static IEnumerable<string> Devices() => NetworkInterface.GetAllNetworkInterfaces().Select(device => device.Name);

    private static List<string> NamespacesInUse() =>
        [.. Directory.EnumerateDirectories("/proc/self/task").Select(task => NameOf($"{task}/ns/net")), .. Directory.EnumerateFiles("/proc/self/fd").Select(NameOf)];

    private static string NameOf(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.Name ?? string.Empty;
        }
        catch (IOException)
        {
            return string.Empty; // Ended meanwhile.
        }
    }

    private static long GiveUpAt() => AlarmClock.After(Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(30));

    // The best of ten, and of more where the machine is too busy for what is wanted.
    private static async Task<TimeSpan> MeasureConnectAsync(IPEndPoint endPoint, TimeSpan wanted)
    {
        TimeSpan best = TimeSpan.MaxValue;
        long giveUpAt = GiveUpAt();
        for (int i = 0; i < 10 || (best > wanted && Stopwatch.GetTimestamp() < giveUpAt); i++)
        {
            long start = Stopwatch.GetTimestamp();
            using Socket socket = await ConnectAsync(endPoint);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            best = took < best ? took : best;
        }

        return best;
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint);
        return socket;
    }

    private static Socket BoundDatagramSocket(IPAddress address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }
}

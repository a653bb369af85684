using StaleConnGuard.Testing;

namespace StaleConnGuard.Tests;

public class KeepAliveHeaderModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TryParse_InventedValues_AgreesWithTheReferenceAndNeverExceedsWhatWasSent(int seed)
    {
        var values = new KeepAliveValues(seed);
        int understood = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string value = values.Next();
            KeepAliveReference.Complaint(value).ShouldBeNull(value);
            understood += KeepAliveReference.Read(value) is null ? 0 : 1;
        }

        // Were they all garbage, nothing would have been tested.
        understood.ShouldBeInRange(2_000, 18_000);
    }
}

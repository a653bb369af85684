using System.Collections.Concurrent;

namespace StaleConnGuard.Tests.Origins;

public class OriginTableTests
{
    [Fact]
    public void Find_WhatWasAdded_IsThereHoweverManyThereAre()
    {
        var table = new OriginTable<Entry>(capacity: 1_000);
        Entry[] all = [.. Enumerable.Range(0, 1_000).Select(i => table.Add(new Entry(Key(i), i)))];

        table.Count.ShouldBe(1_000);
        table.ToArray().ShouldBe(all, ignoreOrder: true);
        all.Select((entry, i) => Find(table, Key(i)) == entry).ShouldAllBe(found => found);
        all.ShouldAllBe(entry => !entry.IsDropped);
        Find(table, Key(1_000)).ShouldBeNull();
    }

    [Fact]
    public void Find_AnotherPartOfTheKey_IsAnotherOrigin()
    {
        var table = new OriginTable<Entry>(capacity: 10);
        var key = new OriginKey("http", "a.test", 80, Proxy: null);
        OriginKey[] keys = [key, key with { Scheme = "https" }, key with { Host = "b.test" }, key with { Port = 81 }, key with { Port = -1 }, key with { Proxy = "http://proxy.test:3128" }];
        Entry[] all = [.. keys.Select(k => table.Add(new Entry(k, 0)))];

        all.Distinct().Count().ShouldBe(keys.Length);
        keys.Select(k => Find(table, k)).ShouldBe(all);
        all.Select(entry => entry.Key).ShouldBe(keys);
    }

    [Fact]
    public void Add_OriginIsThere_ReturnsTheOneThatIs()
    {
        var table = new OriginTable<Entry>(capacity: 10);
        Entry first = table.Add(new Entry(Key(0), 0));
        table.Add(new Entry(Key(0), 1)).ShouldBeSameAs(first);
        table.Count.ShouldBe(1);
    }

    [Fact]
    public void Add_Full_DropsTheSixteenthUsedLeastRecently()
    {
        var table = new OriginTable<Entry>(capacity: 64);

        // Used in another order than they were added in.
        Entry[] all = [.. Enumerable.Range(0, 64).Select(i => table.Add(new Entry(Key(i), i * 29 % 64)))];
        table.Add(new Entry(Key(64), 64));

        Entry[] dropped = [.. all.Where(entry => entry.IsDropped)];
        dropped.Select(entry => entry.LastUsed).ShouldBe([0, 1, 2, 3], ignoreOrder: true);
        table.Count.ShouldBe(61);
        dropped.Select(entry => Find(table, entry.Key)).ShouldAllBe(found => found == null);
        all.Except(dropped).ShouldAllBe(entry => Find(table, entry.Key) == entry);
    }

    [Fact]
    public void Add_OneThatWasDropped_IsBack()
    {
        var table = new OriginTable<Entry>(capacity: 2);
        Entry old = table.Add(new Entry(Key(0), 0));
        table.Add(new Entry(Key(1), 1));
        table.Add(new Entry(Key(2), 2));
        old.IsDropped.ShouldBeTrue();

        old.LastUsed = 3;
        table.Add(old).ShouldBeSameAs(old);

        old.IsDropped.ShouldBeFalse();
        Find(table, Key(0)).ShouldBeSameAs(old);
        table.ToArray().Select(entry => entry.Key).ShouldBe([Key(0), Key(2)], ignoreOrder: true);
    }

    [Fact]
    public async Task Find_WhileItGrows_MissesNothing()
    {
        for (int round = 0; round < 50; round++)
        {
            var table = new OriginTable<Entry>(capacity: 2_000);
            int added = 0;
            int missed = 0;
            Task[] readers =
            [
                .. Enumerable.Range(0, 2).Select(seed => Task.Run(() =>
                {
                    var random = new Random(seed);
                    while (Volatile.Read(ref added) is int there && there < 2_000)
                    {
                        if (there > 0 && Find(table, Key(random.Next(there))) is null)
                        {
                            Interlocked.Increment(ref missed);
                        }
                    }
                })),
            ];
            for (int i = 0; i < 2_000; i++)
            {
                table.Add(new Entry(Key(i), i));
                Volatile.Write(ref added, i + 1);
            }

            await Task.WhenAll(readers);
            missed.ShouldBe(0);
        }
    }

    [Fact]
    public async Task ManyThreads_DropAndPutBack_TableAndMarksAgree()
    {
        var table = new OriginTable<Entry>(capacity: 16);
        var seen = new ConcurrentDictionary<Entry, bool>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            var mine = new List<Entry>();
            for (int i = 0; i < 20_000; i++)
            {
                OriginKey key = Key(random.Next(40));
                Entry entry = Find(table, key) ?? table.Add(new Entry(key, random.Next()));
                entry.Key.ShouldBe(key);
                seen[entry] = true;
                mine.Add(entry);
                Entry other = mine[random.Next(mine.Count)];
                if (other.IsDropped)
                {
                    other.LastUsed = random.Next();
                    table.Add(other).Key.ShouldBe(other.Key);
                }
            }
        })));

        Entry[] there = table.ToArray();
        there.Length.ShouldBe(table.Count);
        there.Length.ShouldBeLessThanOrEqualTo(16);
        there.Select(entry => entry.Key).Distinct().Count().ShouldBe(there.Length);
        seen.Keys.Where(entry => !entry.IsDropped && Find(table, entry.Key) == entry).ShouldBe(there, ignoreOrder: true);
        there.ShouldAllBe(entry => Find(table, entry.Key) == entry && !entry.IsDropped);
    }

    private static OriginKey Key(int i) => new("https", $"host{i}.test", 443, Proxy: null);

    private static Entry? Find(OriginTable<Entry> table, OriginKey key) => table.TryFind(key, out Entry? entry) ? entry : null;

    private sealed class Entry(in OriginKey key, long now) : OriginEntry(key, now);
}

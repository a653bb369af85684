using System.Reflection;
using System.Reflection.Emit;

namespace StaleConnGuard.Tests.Decisions;

public class GrpcContentTests
{
    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("Application/GRPC; charset=utf-8", true)]
    [InlineData("application/json", false)]
    [InlineData("text/application/grpc", false)]
    [InlineData("", false)]
    public void Is_MediaType_ByItsBeginning(string mediaType, bool expected)
    {
        var content = new ByteArrayContent([1]);
        content.Headers.TryAddWithoutValidation("Content-Type", mediaType);
        GrpcContent.Is(content).ShouldBe(expected);
    }

    [Fact]
    public void Is_SeveralMediaTypes_OneIsEnough()
    {
        var content = new ByteArrayContent([1]);
        content.Headers.TryAddWithoutValidation("Content-Type", ["text/plain", "application/grpc"]);
        GrpcContent.Is(content).ShouldBeTrue();
    }

    [Fact]
    public void Is_NoMediaTypeOrNoContent_IsNot()
    {
        GrpcContent.Is(new ByteArrayContent([1])).ShouldBeFalse();
        GrpcContent.Is(null).ShouldBeFalse();
    }

    // The class of grpc-dotnet that writes the one message of a unary call, and what only looks like it.
    [Theory]
    [InlineData("Grpc.Net.Client", "Grpc.Net.Client.Internal", "PushUnaryContent`2", true)]
    [InlineData("Grpc.Net.Client", "Grpc.Net.Client.Internal", "PushStreamContent`2", false)]
    [InlineData("Grpc.Net.Client", "Grpc.Net.Client", "PushUnaryContent`2", false)]
    [InlineData("Acme", "Grpc.Net.Client.Internal", "PushUnaryContent`2", false)]
    public void UnaryContent_IsThatOfGrpcNetClientAlone(string assembly, string space, string name, bool expected)
    {
        Type definition = Define(assembly, space, name);
        GrpcUnaryContent.Is(definition.MakeGenericType(typeof(int), typeof(string))).ShouldBe(expected);
        GrpcUnaryContent.Is(definition.MakeGenericType(typeof(int), typeof(int))).ShouldBe(expected, "another message of the same class");
    }

    [Fact]
    public void UnaryContent_OrdinaryOrGenericContent_IsNot()
    {
        Define("Grpc.Net.Client", "Grpc.Net.Client.Internal", "PushUnaryContent`2").ShouldSatisfyAllConditions(type => GrpcUnaryContent.Is(type.MakeGenericType(typeof(int), typeof(int))).ShouldBeTrue());
        GrpcUnaryContent.Is(typeof(StringContent)).ShouldBeFalse();
        GrpcUnaryContent.Is(typeof(List<int>)).ShouldBeFalse();
    }

    [Fact]
    public void Classify_UnaryContent_CanBeSentAgain()
    {
        var content = (HttpContent)Activator.CreateInstance(Define("Grpc.Net.Client", "Grpc.Net.Client.Internal", "PushUnaryContent`2").MakeGenericType(typeof(int), typeof(int)))!;
        BodyRepeatabilityClassifier.Classify(content).ShouldBe(BodyRepeatability.Restartable);
        BodyRepeatabilityClassifier.Classify((HttpContent)Activator.CreateInstance(Define("Acme", "Acme", "PushUnaryContent`2").MakeGenericType(typeof(int), typeof(int)))!).ShouldBe(BodyRepeatability.OneShot);
    }

    private static Type Define(string assembly, string space, string name)
    {
        TypeBuilder type = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(assembly), AssemblyBuilderAccess.Run)
            .DefineDynamicModule(assembly)
            .DefineType($"{space}.{name}", TypeAttributes.Public, typeof(WrittenByItself));
        type.DefineGenericParameters("TRequest", "TResponse");
        return type.CreateType();
    }
}

/// <summary>A content of the application's own; public, because a class made at run time derives from it.</summary>
public class WrittenByItself : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) => Task.CompletedTask;

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

using System.Net;
using System.Reflection;
using System.Reflection.Emit;

namespace StaleConnGuard.Tests.Decisions;

/// <summary>Of classes that are made in the test: what was found of a class is kept, so each test needs one that nobody has looked at.</summary>
public class DerivedTypeTests
{
    private const MethodAttributes Override = MethodAttributes.Virtual | MethodAttributes.HideBySig;
    private static readonly Type[] s_serialize = [typeof(Stream), typeof(TransportContext)];

    private readonly ModuleBuilder _module = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Bodies"), AssemblyBuilderAccess.RunAndCollect).DefineDynamicModule("Bodies");

    [Fact]
    public void OnlyAConstructor_IsWrittenAsItsBase() => DerivedType.IsWrittenAsItsBase(Derive(typeof(ByteArrayContent))).ShouldBeTrue();

    [Fact]
    public void DerivedTwice_WithConstructorsOnly_IsWrittenAsItsBase() =>
        DerivedType.IsWrittenAsItsBase(Derive(Derive(typeof(ByteArrayContent)))).ShouldBeTrue();

    [Fact]
    public void TheFrameworksOwn_IsWrittenAsItself() => DerivedType.IsWrittenAsItsBase(typeof(StringContent)).ShouldBeTrue();

    [Fact]
    public void WrittenOtherwise_IsNot() => DerivedType.IsWrittenAsItsBase(DeriveWritten(typeof(ByteArrayContent))).ShouldBeFalse();

    [Fact]
    public void DerivedFromOneThatIsWrittenOtherwise_IsNot() =>
        DerivedType.IsWrittenAsItsBase(Derive(DeriveWritten(typeof(ByteArrayContent)))).ShouldBeFalse();

    [Fact]
    public void LengthOfItsOwn_IsNot() =>
        DerivedType.IsWrittenAsItsBase(Derive(typeof(ByteArrayContent), "TryComputeLength", MethodAttributes.Family | Override, typeof(bool), [typeof(long).MakeByRefType()])).ShouldBeFalse();

    [Fact]
    public void DisposesMore_IsWrittenAsItsBase() =>
        DerivedType.IsWrittenAsItsBase(Derive(typeof(ByteArrayContent), "Dispose", MethodAttributes.Family | Override, typeof(void), [typeof(bool)])).ShouldBeTrue();

    [Fact]
    public void TextOfItsOwn_IsWrittenAsItsBase() =>
        DerivedType.IsWrittenAsItsBase(Derive(typeof(ByteArrayContent), "ToString", MethodAttributes.Public | Override, typeof(string), [])).ShouldBeTrue();

    [Fact]
    public void MethodsOfItsOwn_EvenOfTheSameName_AreWrittenAsItsBase()
    {
        // "new" in C#: nobody who knows the base calls it.
        DerivedType.IsWrittenAsItsBase(Derive(typeof(ByteArrayContent), "SerializeToStreamAsync", MethodAttributes.Family | Override | MethodAttributes.NewSlot, typeof(Task), s_serialize)).ShouldBeTrue();
        DerivedType.IsWrittenAsItsBase(Derive(typeof(ByteArrayContent), "SerializeToStreamAsync", MethodAttributes.Family, typeof(Task), s_serialize)).ShouldBeTrue();
    }

    [Fact]
    public void LookedAtAgain_IsTheSame()
    {
        Type written = DeriveWritten(typeof(ByteArrayContent));

        DerivedType.IsWrittenAsItsBase(written).ShouldBeFalse();
        DerivedType.IsWrittenAsItsBase(written).ShouldBeFalse();
    }

    private Type DeriveWritten(Type parent) => Derive(parent, "SerializeToStreamAsync", MethodAttributes.Family | Override, typeof(Task), s_serialize);

    private Type Derive(Type parent, string? method = null, MethodAttributes attributes = default, Type? returns = null, Type[]? parameters = null)
    {
        TypeBuilder type = _module.DefineType($"Body{Guid.NewGuid():N}", TypeAttributes.Public, parent);
        Throw(type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, parameterTypes: null).GetILGenerator());
        if (method is not null)
        {
            Throw(type.DefineMethod(method, attributes, returns, parameters).GetILGenerator());
        }

        return type.CreateType();
    }

    // Nobody makes one of them.
    private static void Throw(ILGenerator code)
    {
        code.Emit(OpCodes.Ldnull);
        code.Emit(OpCodes.Throw);
    }
}

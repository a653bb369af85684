using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Takes out of an XML documentation file what is not in PublicAPI.*.txt. An overload that is not public stays when one of its name is.
/// </summary>
public sealed class KeepPublicDocumentation : Task
{
    [Required]
    public string Documentation { get; set; }

    [Required]
    public ITaskItem[] PublicApi { get; set; }

    public override bool Execute()
    {
        var names = new HashSet<string>(PublicApi.SelectMany(file => File.ReadAllLines(file.GetMetadata("FullPath"))).Select(NameOfLine), StringComparer.Ordinal);
        XDocument file = XDocument.Load(Documentation, LoadOptions.PreserveWhitespace);
        XElement[] members = file.Root.Element("members").Elements("member").ToArray();
        foreach (XElement member in members.Where(member => !names.Contains(NameOfId((string)member.Attribute("name")))))
        {
            (member.PreviousNode as XText)?.Remove();
            member.Remove();
        }

        file.Save(Documentation, SaveOptions.DisableFormatting);
        Log.LogMessage(MessageImportance.Low, "{0}: {1} of {2} members are public.", Documentation, file.Root.Element("members").Elements().Count(), members.Length);
        return true;
    }

    /// <summary>"static A.B.M&lt;T&gt;(int x) -&gt; void" is A.B.M; "A.B.P.get -&gt; int" is A.B.P.</summary>
    private static string NameOfLine(string line)
    {
        string text = Regex.Replace(line, @"^(\*REMOVED\*|~|\[[^\]]*\]|static |const |override |virtual |abstract |readonly |extern )+", "");
        text = Regex.Split(text, @" -> | = |\(")[0];
        text = Regex.Replace(text, @"<[^>]*>", "");
        return Regex.Replace(text, @"\.(get|set|init)$", "").Trim();
    }

    /// <summary>"M:A.B.M``1(System.Int32)" is A.B.M, "M:A.B.#ctor(…)" is A.B.B as in the other file.</summary>
    private static string NameOfId(string id)
    {
        string name = Regex.Replace(id.Substring(2).Split('(', '~')[0], @"`+\d+", "");
        int last = name.LastIndexOf('.');
        string type = last < 0 ? name : name.Substring(0, last);
        if (name.EndsWith(".#ctor", StringComparison.Ordinal))
        {
            type = name.Substring(0, name.Length - ".#ctor".Length);
            return type + "." + type.Substring(type.LastIndexOf('.') + 1);
        }

        // An operator is public with its type.
        return name.IndexOf(".op_", StringComparison.Ordinal) >= 0 ? type : name;
    }
}

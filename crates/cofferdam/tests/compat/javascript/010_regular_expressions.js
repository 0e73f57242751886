// RegExp: named groups, look-behind, sticky, unicode, matchAll, replacement functions, indices, split.
const text = "Order #1042 (2025-03-12): 3 x Kettle; Order #1043 (2025-03-14): 1 x Lamp";
const pattern = /#(?<id>\d+) \((?<date>[\d-]+)\): (?<n>\d+) x (?<what>\w+)/g;
for (const match of text.matchAll(pattern)) console.log({ ...match.groups }, match.index);
console.log(text.replace(/(\d{4})-(\d\d)-(\d\d)/g, "$3.$2.$1"), text.match(/(?<=x )\w+/g), text.match(/\b\d(?! x)\d*/g));
console.log("2025-03-12".match(/(?<y>\d+)-(?<m>\d+)/).groups.m, "aBc".replace(/b/i, (m, at) => `[${m}${at}]`), "a-b_c".split(/[-_]/), "a1b2".split(/(\d)/));
const sticky = /\d/y;
console.log(sticky.test("a1"), ((sticky.lastIndex = 1), sticky.test("a1")), sticky.lastIndex, /^.$/u.test("😀"), /^.$/.test("😀"), /\p{Lu}/u.exec("éÉ")[0]);
console.log(/a.c/s.test("a\nc"), "x\ny".match(/^\w$/gm), /(a)(b)?/.exec("a"), /(?:a|ab)(?:c|bcd)(?:d*)/.exec("abcd")[0]);
console.log(/(?<word>\w+) \k<word>/.test("the the"), "aaa".replaceAll("a", "$&$&"), "abc".search(/c/), "abc".replaceAll(/[ac]/g, (m) => m.toUpperCase()));
console.log(/b/d.exec("abc").indices[0], /x/gi.flags, /a\/b/.source, new RegExp("a+", "g").toString());

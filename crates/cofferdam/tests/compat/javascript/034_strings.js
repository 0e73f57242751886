// String methods.
const s = "Hello, Wörld";
console.log(s.toUpperCase(), s.at(-1), s.slice(-5, -1), s.substring(5, 2), s.indexOf("l", 4), s.lastIndexOf("l"), s.includes("Wö"), s.startsWith("W", 7), s.endsWith("Hello", 5), s.charAt(99));
console.log("5".padStart(3, "0"), "ab".padEnd(5, "xyz"), "  pad ".trim() + "|", " a".trimStart(), "a ".trimEnd() + "|", "ab".repeat(3), "a-b-c".replaceAll("-", "+"), "a-b-c".replace("-", (m) => `<${m}>`));
console.log("a,b,,c".split(","), "abc".split(""), "a b c".split(" ", 2), "abc".split(), [..."héllo"].reverse().join(""), "x".concat(1, null), "b".localeCompare("a"), "a".localeCompare("b"), "a".localeCompare("a"));
console.log("é".normalize("NFD").length, "ﬁ".normalize("NFKC"), "ß".toUpperCase(), "İ".toLowerCase().length, "ΑΣ".toLowerCase(), "abc" < "abd", "a" > "B", "10" < "9", "10" < 9);
console.log("abc"[1], "abc".codePointAt(1), "z".charCodeAt(), String(123), String(null), (255).toString(2), "abc".length, "\x41\u0042\u{43}\t|\0".length, 'single \'quoted\'', "line\
continued");
console.log("%s".replace("%s", "$& $1 $$"), "aaa".lastIndexOf("a", 1), "abcabc".search("c"), "Hello".split("").sort().join(""), "a\nb\r\nc".split(/\r?\n/), "camelCaseText".replace(/([A-Z])/g, "_$1").toLowerCase());
console.log("the quick fox".split(" ").map((w) => w[0].toUpperCase() + w.slice(1)).join(" "), "abc".isWellFormed?.() ?? true, encodeURIComponent("✓"), "tést".normalize("NFD").replace(/[\u0300-\u036f]/g, ""));
console.log(["résumé", "resume", "Resume", "zebra", "apple"].sort(), "a" + 1 + 2, 1 + 2 + "a", "3" * "4", "5" - 2, +"", +" 12 ", +"1,000", "b" + "a" + +"a" + "a");

# str methods and slices.
s = "Hello, Wörld"
print(s.lower(), s.swapcase(), s.title(), s[::-1], s[-5:], s[1:8:2], s.find("W"), s.index("l"), s.rfind("l"), s.count("l"))
print(s.partition(", "), "a,b,,c".split(","), "  a  b ".split(), "a-b-c".rsplit("-", 1), "l1\nl2\r\nl3".splitlines(), "x".join("abc"))
print("  pad ".strip(), "xxhixx".strip("x"), "prefix-body".removeprefix("prefix-"), "body.txt".removesuffix(".txt"), "abc".startswith(("x", "a")))
print("a1b2".isalnum(), "١".isdigit(), "½".isnumeric(), "abc".isidentifier(), "Title Case".istitle(), " \t".isspace(), "".isalpha(), "é".isascii())
print("hello".translate(str.maketrans({"h": "J", "l": None, "o": "0"})), "hello".replace("l", "L", 1), "ab" * 3, "b" in "abc", min("bca"), sorted("bca"))
print("abc" < "abd", "Z" < "a", "ä" > "z", ord("€"), chr(128512), "\N{BULLET}", "\x41\u0042\101", r"\n", "a" "b", len("é"), len("e\u0301"))
print("%", "'single'", "tab\t|", repr("it's \"q\" \n\x00\u200b\U0001f600"), ascii("é"))
print("camelCaseString".casefold(), " ".join(w.capitalize() for w in "the end".split()), "".join(reversed("abc")), "a,b".encode(), "日本語"[1])
print(str(b"bytes", "utf-8"), "abc".center(9, "-"), "{}".isprintable(), "one two".split(maxsplit=0), "aaa".replace("", "-"), "x=1;y=2".split(";")[1].split("="))
try:
    "abc".index("z")
except ValueError as error:
    print(error)

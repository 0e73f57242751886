# re: groups, named groups, look-around, flags, functions as replacements, split, iterators.
import re

text = "Order #1042 (2025-03-12): 3 × Kettle @ €89.00; Order #1043 (2025-03-14): 1 × Lamp @ €84.90"
pattern = re.compile(r"#(?P<id>\d+)\s+\((?P<date>[\d-]+)\):\s+(?P<n>\d+) × (?P<what>\w+) @ €(?P<price>[\d.]+)")
for match in pattern.finditer(text):
    print(match.groupdict(), match.span("what"))
print(re.findall(r"\b[A-Z]\w+", text))
print(re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3.\2.\1", text))
print(re.sub(r"€([\d.]+)", lambda m: f"{float(m[1]) * 1.1:.2f} USD", text))
print(re.split(r"\s*[;,]\s*", "a ; b,c;  d"))
print(re.split(r"(-)", "1-2-3", maxsplit=1))
print(re.findall(r"(?<=@ €)\d+(?!\d)", text), re.findall(r"(?i)ORDER", text))
print(re.match(r"(a+)+$", "aaaa"), re.fullmatch(r"\d{3}", "1234"))
verbose = re.compile(r"""
    (\d+)   # whole
    \.      # point
    (\d*)   # fraction
""", re.VERBOSE)
print(verbose.search("x 12.50 y").groups())
print(re.escape("a.b*c"), re.sub("^", "> ", "one\ntwo", flags=re.M))
print(re.findall(r"(\w)(\w)?", "abc"), re.search(r"(?P<q>['\"]).*?(?P=q)", "say 'hi' now").group())
try:
    re.compile("(unclosed")
except re.error as error:
    print(error)

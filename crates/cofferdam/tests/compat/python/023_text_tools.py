# textwrap, difflib, string, unicodedata.
import difflib
import string
import textwrap
import unicodedata

text = "The quick brown fox jumped over the lazy dog while the cat looked on."
print(textwrap.fill(text, 28, initial_indent="* ", subsequent_indent="  "))
print(textwrap.dedent("""
    a
      b
    c""").strip())
print(textwrap.indent("x\n\ny", "> "), textwrap.shorten(text, 30, placeholder=" …"))
a, b = "one\ntwo\nthree\n".splitlines(), "one\n2\nthree\nfour\n".splitlines()
print("\n".join(difflib.unified_diff(a, b, "before", "after", lineterm="")))
print(difflib.get_close_matches("appel", ["ape", "apple", "peach"]), round(difflib.SequenceMatcher(None, "abcd", "bcde").ratio(), 3))
print(list(difflib.ndiff(["ab"], ["ac"])))
print(string.Template("$who owes $$${n}").substitute(who="Ann", n=5), string.capwords("hello big world"), string.ascii_letters[:5], string.punctuation)
print(unicodedata.name("é"), unicodedata.normalize("NFD", "é") == "e\u0301", unicodedata.category("A"), unicodedata.numeric("½"), unicodedata.lookup("SNOWMAN"))
print("".join(c for c in unicodedata.normalize("NFKD", "Łódź Žižek façade") if not unicodedata.combining(c)))
print("ß".upper(), "İ".lower(), "ǅ".title(), "ﬀ".casefold(), len("👩‍👩‍👧"), "日本".center(6, "*"), unicodedata.east_asian_width("日"))

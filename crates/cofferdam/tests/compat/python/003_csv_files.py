# csv: quoting, dialects, dictionaries, newlines inside fields.
import csv
import io

rows = [["id", "name", "note"], [1, "Ann, \"the\" boss", "two\nlines"], [2, "Bo", ""], [3, "", None]]
out = io.StringIO()
csv.writer(out).writerows(rows)
print(repr(out.getvalue()))
print(list(csv.reader(io.StringIO(out.getvalue(), newline=""))))
out = io.StringIO()
writer = csv.DictWriter(out, ["a", "b"], delimiter=";", quoting=csv.QUOTE_ALL, extrasaction="ignore", lineterminator="\n")
writer.writeheader()
writer.writerow({"a": 1, "b": "x;y", "c": 9})
print(out.getvalue())
for row in csv.DictReader(["x,y", "1,2,3", "4"], restkey="rest", restval="-"):
    print(row)
print(csv.Sniffer().sniff("a;b;c\n1;2;3\n").delimiter)
print(list(csv.reader(["a b 'c d'"], delimiter=" ", quotechar="'")))
try:
    csv.DictWriter(out, ["a"]).writerow({"b": 1})
except ValueError as error:
    print(error)

# io: StringIO, BytesIO, TextIOWrapper, print to a stream, sys.stdout.
import io
import sys

s = io.StringIO("line 1\nline 2\n")
print(s.read(4), s.tell(), s.readlines(), s.seek(0), next(s), s.getvalue()[:4])
b = io.BytesIO()
print(b.write(b"abc"), b.getbuffer().nbytes, b.seek(1), b.read(), b.truncate(2), b.getvalue())
wrapped = io.TextIOWrapper(io.BytesIO("é\r\nü".encode("utf-8")), encoding="utf-8", newline=None)
print(repr(wrapped.read()))
with io.StringIO() as out:
    print("a", "b", sep="|", end="!\n", file=out)
    out.writelines(["x", "y"])
    print(repr(out.getvalue()))
sys.stdout.write("direct\n")
print("no newline", end="")
print("", *[1, 2], sep=" - ")
sys.stdout.flush()
print(sys.stdout.writable(), io.BufferedReader(io.BytesIO(b"xyz")).peek(2)[:2], isinstance(s, io.TextIOBase))
try:
    out.write("closed")
except ValueError as error:
    print(error)
buffered = io.BytesIO(b"\x01\x02\x03")
print([x for x in iter(lambda: buffered.read(1), b"")], io.DEFAULT_BUFFER_SIZE > 0)

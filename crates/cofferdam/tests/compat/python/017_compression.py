# zlib, gzip, bz2, lzma: round trips and check sums.
import bz2
import gzip
import io
import lzma
import zlib

data = b"The quick brown fox jumps over the lazy dog. " * 200
for module in (zlib, gzip, bz2, lzma):
    packed = module.compress(data)
    print(module.__name__, len(packed) < len(data) / 10, module.decompress(packed) == data)
print(zlib.crc32(data), zlib.adler32(data), zlib.crc32(b"b", zlib.crc32(b"a")) == zlib.crc32(b"ab"))
stream = zlib.compressobj(9, zlib.DEFLATED, -15)
raw = stream.compress(data) + stream.flush()
print(zlib.decompress(raw, -15) == data)
buffer = io.BytesIO()
with gzip.open(buffer, "wt", encoding="utf-8") as file:
    file.write("zeile äöü\n" * 3)
print(gzip.decompress(buffer.getvalue()).decode())
for module, error_type in ((zlib, zlib.error), (gzip, gzip.BadGzipFile), (lzma, lzma.LZMAError), (bz2, OSError)):
    try:
        module.decompress(b"not compressed at all")
    except error_type as error:
        print(module.__name__, type(error).__name__)

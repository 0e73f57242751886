# struct, array, bytes, bytearray, memoryview, int.from_bytes.
import array
import struct

packed = struct.pack(">IhBx4s?d", 0xDEADBEEF, -2, 255, b"ab", True, 1.5)
print(packed.hex(" "), struct.unpack(">IhBx4s?d", packed), struct.calcsize("<qi3s"))
print(list(struct.iter_unpack("<H", b"\x01\x00\x02\x00")), struct.pack("<f", 0.1), struct.unpack_from("<H", b"xx\x05\x00", 2))
try:
    struct.pack("B", 256)
except struct.error as error:
    print(error)
numbers = array.array("h", [1, -2, 3])
numbers.append(4)
print(numbers, numbers.tobytes(), numbers.itemsize, array.array("d", [0.5]).tolist())
data = bytearray(b"hello world")
view = memoryview(data)
view[0:5] = b"HELLO"
data_copy = bytes(view[6:])
view.release()
data += b"!"
print(data, data_copy, data.find(b"w"), data.split(), bytes.fromhex("00 ff 10"), b"a,b".partition(b","))
print((1000).to_bytes(2, "big"), int.from_bytes(b"\xff\xfe", "little", signed=True), b"\xc3\xa9".decode(), "é".encode("latin-1"), "é€".encode("utf-16-le"))
print(b"abc" * 2, b"%d-%s" % (5, b"x"), bytes([65, 66]).translate(bytes.maketrans(b"A", b"Z")), memoryview(b"abcdef")[::2].tolist())
for codec in ("ascii", "utf-8"):
    try:
        b"caf\xe9".decode(codec)
    except UnicodeDecodeError as error:
        print(error)
print(b"caf\xe9".decode("utf-8", "replace"), "naïve".encode("ascii", "xmlcharrefreplace"), b"\x80".decode("cp1252"), "ü".encode("cp437"))

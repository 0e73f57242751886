# hashlib, hmac, secrets, base64, binascii.
import base64
import binascii
import hashlib
import hmac
import secrets

for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s"):
    print(name, hashlib.new(name, b"abc").hexdigest())
print(hashlib.shake_128(b"abc").hexdigest(8), hashlib.blake2b(b"x", digest_size=8, key=b"k").hexdigest())
h = hashlib.sha256()
h.update(b"a")
copy = h.copy()
h.update(b"bc")
print(h.hexdigest() == hashlib.sha256(b"abc").hexdigest(), copy.digest_size, h.block_size)
print(hmac.new(b"key", b"message", "sha256").hexdigest(), hmac.compare_digest(b"a", b"a"))
print(hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex())
print(len(secrets.token_bytes(16)), len(secrets.token_hex(8)), secrets.choice([7]), secrets.token_hex(16) != secrets.token_hex(16))
raw = bytes(range(0, 256, 17))
for encode, decode in ((base64.b64encode, base64.b64decode), (base64.urlsafe_b64encode, base64.urlsafe_b64decode), (base64.b32encode, base64.b32decode), (base64.b16encode, base64.b16decode), (base64.b85encode, base64.b85decode)):
    text = encode(raw)
    print(text.decode(), decode(text) == raw)
print(binascii.hexlify(raw, " ", 4), binascii.unhexlify("00ff"))
try:
    base64.b64decode("abc")
except binascii.Error as error:
    print(error)

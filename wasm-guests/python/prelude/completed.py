"""What this build of the standard library lacks and can have without the host: put back here, in plain Python.

- `hashlib.pbkdf2_hmac` comes from OpenSSL elsewhere (RFC 8018, section 5.2)
- WASI's libc does not resolve `..` in the working directory
- the limit on the digits of integer conversions is CPython's own default
"""

import hashlib
import hmac
import os
import sys


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """Password-based key derivation function 2 with HMAC. Much slower here than natively."""
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    keyed = hmac.new(bytes(password), None, hash_name)
    size = keyed.digest_size
    dklen = size if dklen is None else dklen
    if dklen < 1:
        raise ValueError("key length must be greater than 0.")

    def digest(message):
        inner = keyed.copy()
        inner.update(message)
        return inner.digest()

    key = b""
    for block in range(1, -(-dklen // size) + 1):
        last = digest(bytes(salt) + block.to_bytes(4, "big"))
        mixed = int.from_bytes(last, "big")
        for _ in range(iterations - 1):
            last = digest(last)
            mixed ^= int.from_bytes(last, "big")
        key += mixed.to_bytes(size, "big")
    return key[:dklen]


_chdir = os.chdir


def chdir(path):
    if isinstance(path, int):
        return _chdir(path)
    path = os.fsdecode(path)
    return _chdir(os.path.normpath(os.path.join(os.getcwd(), path)) if path else path)


hashlib.pbkdf2_hmac = pbkdf2_hmac
os.chdir = chdir
sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)

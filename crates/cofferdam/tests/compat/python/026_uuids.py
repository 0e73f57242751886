# uuid: named ones are fixed, random ones have a form.
import re
import uuid

print(uuid.uuid5(uuid.NAMESPACE_DNS, "example.com"), uuid.uuid3(uuid.NAMESPACE_URL, "http://example.com/"))
u = uuid.UUID("12345678-1234-5678-1234-567812345678")
print(u.hex, u.int, u.bytes[:4], u.version, u.variant, u.urn, repr(u), u.fields)
random_one = str(uuid.uuid4())
print(bool(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", random_one)), uuid.uuid4() != uuid.uuid4())
print(uuid.UUID(int=1) < uuid.UUID(int=2), uuid.UUID(bytes=b"\x01" * 16))
try:
    uuid.UUID("xyz")
except ValueError as error:
    print(error)

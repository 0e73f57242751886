# f-strings and format: alignment, signs, bases, grouping, nesting, debugging, dates, own __format__.
from datetime import date

name, n, pi = "Zoë", 1234567, 3.14159265
print(f"{name:>8}|{name:<8}|{name:^8}|{name:*^9}|{name!r:>8}|{name!a}")
print(f"{n:,} {n:_} {n:e} {n:.3g} {n:x} {n:#b} {n:+} {-n: } {n:012,} {n:>12}")
print(f"{pi:.2f} {pi:8.3f} {pi:<8.1f}| {pi:%} {0.256:.1%} {1e-7} {1e16} {1.0} {100000.0:g} {1e100:.3e} {-0.0:.1f} {2.5:.0f} {0.125:.2f}")
width, precision = 10, 3
print(f"{pi:{width}.{precision}}", f"{'nested ' + f'{1 + 1}'}", f"{n=}", f"{pi = :.2f}", f"{{literal}}", f"{[x for x in range(3)]}", f"{ {'a': 1}['a'] }")
print(f"{date(2025, 3, 12):%d %B %Y}", f"{True:>5}|{None!s:>6}", f"{'a' if n > 5 else 'b'}", f"{'quotes "inside"'}")
print("{} {1}".replace("{} ", "").format("a", "b"), "{0}{1}{0}".format("x", "y"), "{a[k]} {b.real}".format(a={"k": 1}, b=5), "{:>{w}}".format("r", w=4))
print("%s %r %5.2f %-5d| %05d %x %c %%" % ("a", "b", 2.5, 3, 42, 255, "z"), "%(k)s" % {"k": "v"}, "%s" % (("t",),))


class Money:
    def __init__(self, cents):
        self.cents = cents

    def __format__(self, spec):
        return f"{self.cents / 100:{spec or '.2f'}} EUR"


print(f"{Money(12345)} {Money(5):.1f}", format(255, "08b"), str(1e22), repr(0.1 + 0.2), f"{complex(1, -2):.1f}")
print(f"""multi
{name}""", "abc".rjust(5, "."), "7".zfill(3), "-7".zfill(4), "a\tb".expandtabs(4))
for spec in ("{:d}", "{:.2q}"):
    try:
        spec.format("x")
    except ValueError as error:
        print(error)

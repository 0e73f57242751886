# float: repr, special values, math, comparisons, exact sums.
import cmath
import math
import sys

print(0.1, 1 / 3, 1e21, 123456789012345678.0, 5e-324, 1.7976931348623157e308, -0.0, 2.0**0.5, 1e16, 1e15, 0.0001, 0.00001)
print(float("inf"), float("-inf"), float("nan"), math.nan == math.nan, math.inf > 10**400, float("1_000.5"), float(" 2e3 "))
print(math.floor(-2.5), math.ceil(-2.5), math.trunc(-2.5), round(2.675, 2), round(0.5), round(1.5), math.fsum([0.1] * 10), sum([0.1] * 10))
print(math.sqrt(2), math.exp(1), math.log(10), math.log2(8), math.log10(1000), math.sin(1), math.atan2(1, -1), math.hypot(3, 4), math.pi, math.tau)
print(math.isclose(0.1 + 0.2, 0.3), (0.1).as_integer_ratio(), (0.75).hex(), float.fromhex("0x1.8p1"), (2.0).is_integer(), math.modf(3.25), math.frexp(10.0), math.copysign(1, -0.0))
print(math.degrees(math.pi), math.radians(180), math.gamma(5), math.erf(1), math.dist((0, 0), (1, 1)), math.nextafter(1, 2), math.ulp(1.0), math.remainder(7, 4), math.fmod(-7, 4))
print(sys.float_info.max, sys.float_info.epsilon, 3 % 2.5, -3.5 // 2, 1e308 * 10, 2**0.5 * 2**0.5 == 2, complex(1, 2) * 1j, abs(3 + 4j), cmath.sqrt(-1))
for bad in (lambda: math.sqrt(-1), lambda: 1.0 / 0, lambda: math.exp(1000), lambda: float("x"), lambda: int(float("inf"))):
    try:
        bad()
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        print(type(error).__name__, error)

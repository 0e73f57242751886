# int: size, bases, bits, power with modulus, roots, divisions.
import math

print(2**200, (10**50 + 1) // 7, -7 // 2, -7 % 3, divmod(-7, 2), 7 // -2, round(-2.5), round(1234, -2))
print(math.factorial(30), math.comb(100, 50), math.gcd(84, 36), math.lcm(4, 6, 10), math.isqrt(10**40 + 5), pow(3, 1000, 1_000_007), pow(3, -1, 11))
print(int("ff", 16), int("0b101", 0), int("z", 36), hex(-255), oct(8), bin(5), int(" 42 "), 1_000_000, 0o17, 0xFF)
print((123456789**5).bit_length(), (255).bit_count(), 5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 100, -1 >> 3, int(-3.9), (-5).__abs__())
print(math.prod(range(1, 25)), sum(range(10**6)), len(str(2**10000)), int(1e20), 10**20 == 1e20, 2**53 + 1 == float(2**53 + 1), True + True)


def is_prime(n):
    d, s = n - 1, 0
    while d % 2 == 0:
        d, s = d // 2, s + 1
    for a in (2, 3, 5, 7, 11, 13, 17):
        x = pow(a, d, n)
        if x in (1, n - 1):
            continue
        for _ in range(s - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


print([n for n in (2**61 - 1, 2**67 - 1, 2**89 - 1, 2**127 - 1) if is_prime(n)])
fib = [0, 1]
while len(str(fib[-1])) < 60:
    fib.append(fib[-1] + fib[-2])
print(len(fib), fib[-1])
try:
    1 // 0
except ZeroDivisionError as error:
    print(error)

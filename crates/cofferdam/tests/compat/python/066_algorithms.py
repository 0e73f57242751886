# Classic exercises: memo, dynamic programming, permutations, matrices, text, recursion to a depth.
from functools import cache


@cache
def edit(a, b):
    if not a or not b:
        return len(a) + len(b)
    return min(edit(a[1:], b) + 1, edit(a, b[1:]) + 1, edit(a[1:], b[1:]) + (a[0] != b[0]))


def queens(n, row=0, cols=0, left=0, right=0):
    if row == n:
        return 1
    return sum(queens(n, row + 1, cols | 1 << c, left | 1 << (row + c), right | 1 << (row - c + n)) for c in range(n) if not (cols >> c & 1 or left >> (row + c) & 1 or right >> (row - c + n) & 1))


def knapsack(items, capacity):
    best = [0] * (capacity + 1)
    for weight, value in items:
        for c in range(capacity, weight - 1, -1):
            best[c] = max(best[c], best[c - weight] + value)
    return best[-1]


def sieve(n):
    flags = bytearray([1]) * (n + 1)
    flags[0:2] = b"\0\0"
    for i in range(2, int(n**0.5) + 1):
        if flags[i]:
            flags[i * i :: i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i, f in enumerate(flags) if f]


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


def multiply(a, b):
    return [[sum(x * y for x, y in zip(row, col)) for col in zip(*b)] for row in a]


def roman(n):
    out = ""
    for value, sign in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), "M CM D CD C XC L XL X IX V IV I".split()):
        out += sign * (n // value)
        n %= value
    return out


def quicksort(xs):
    return xs if len(xs) < 2 else quicksort([x for x in xs[1:] if x < xs[0]]) + [xs[0]] + quicksort([x for x in xs[1:] if x >= xs[0]])


print(edit("kitten", "sitting"), queens(6), knapsack([(1, 1), (3, 4), (4, 5), (5, 7)], 7), len(sieve(10000)), sieve(100)[-1], depth(800))
print(multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]]), roman(1994), quicksort([3, 1, 2, 3]), [f"{'Fizz' * (i % 3 == 0)}{'Buzz' * (i % 5 == 0)}" or i for i in range(1, 16)])
text = "to be or not to be that is the question"
print("".join(chr((ord(c) - 97 + 13) % 26 + 97) if c.isalpha() else c for c in text), {c: text.count(c) for c in "aeiou"}, text == text[::-1])

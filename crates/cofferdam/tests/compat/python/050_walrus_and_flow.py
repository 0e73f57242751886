# Walrus, loops with else, chained comparison, conditional expressions, global and nonlocal, closures, star arguments.
import io

file = io.StringIO("one\ntwo\n\nthree")
while line := file.readline():
    print(len(line), end=" ")
print()
if (n := len("abcdef")) > 5:
    print("long", n)
print([y for x in range(5) if (y := x * x) > 3], 1 < 2 < 3, 1 < 3 > 2, 5 if n else 6, not n, n and "and", 0 or "or", None is None)
for i in range(3):
    if i == 7:
        break
else:
    print("no break")
counter = 0


def make():
    count = 10

    def bump(by=1):
        nonlocal count
        global counter
        count += by
        counter += 1
        return count

    return bump


bump = make()
print(bump(), bump(5), counter, [f() for f in [lambda i=i: i for i in range(3)]], [f() for f in [lambda: i for i in range(3)]])


def spread(a, /, b, *c, d=4, **e):
    return a, b, c, d, e


print(spread(1, 2, 3, d=5, f=6), spread(*[1, 2], **{"d": 0}), spread(1, b=2))
x = y = []
x.append(1)
print(y, x is y, (lambda *a, **k: (a, k))(1, z=2), [*range(3)][::-1], (1,), type(()), ...)


def default(items=[]):
    items.append(1)
    return len(items)


print(default(), default(), default([]))
assert True, "fine"
try:
    assert 1 == 2, f"message {n}"
except AssertionError as error:
    print("assertion", error)
del n
try:
    n
except NameError as error:
    print(error)
try:
    spread(1)
except TypeError as error:
    print(error)

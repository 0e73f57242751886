# Generators: send, throw, close, return values, yield from, expressions, infinite ones.
import itertools


def averager():
    total = count = 0
    average = None
    while True:
        try:
            number = yield average
        except ValueError as error:
            print("got", error)
            continue
        if number is None:
            return total, count
        total += number
        count += 1
        average = total / count


g = averager()
next(g)
print(g.send(10), g.send(20), g.throw(ValueError("oops")))
try:
    g.send(None)
except StopIteration as stop:
    print("returned", stop.value)


def flatten(items):
    for item in items:
        if isinstance(item, list):
            yield from flatten(item)
        else:
            yield item


def outer():
    result = yield from inner()
    yield f"inner gave {result}"


def inner():
    yield 1
    return "r"


def cleanup():
    try:
        yield 1
        yield 2
    finally:
        print("closed")


print(list(flatten([1, [2, [3, [4]], 5]])), list(outer()))
c = cleanup()
next(c)
c.close()


def primes():
    seen = []
    for n in itertools.count(2):
        if all(n % p for p in seen):
            seen.append(n)
            yield n


print(list(itertools.islice(primes(), 10)), sum(x * x for x in range(10)), max((len(w), w) for w in ["a", "ccc", "bb"]))
try:
    next(iter(()))
except StopIteration as stop:
    print(repr(stop))


def bad():
    raise StopIteration
    yield


try:
    list(bad())
except RuntimeError as error:
    print(error)

# Dictionaries and sets: order, views, merging, comprehension, set algebra.
d = {"b": 1, "a": 2}
d["c"] = d.pop("b")
d.update(e=5)
print(d, list(d.items()), d.get("x"), d.get("x", 0), d.setdefault("z", []), "a" in d, d | {"a": 9}, list(reversed(d)))
d |= {"q": 1}
print(d.popitem(), dict(zip("ab", [1, 2])), dict.fromkeys("xy", 0), {v: k for k, v in {"a": 1}.items()}, sorted({"b": 1, "a": 2}.items()), max({"a": 1, "b": 3}.items(), key=lambda kv: kv[1]))
keys = d.keys()
d["new"] = 1
print(len(keys), keys & {"a", "nothing"}, d == dict(reversed(d.items())), {1: "a", 1.0: "b", True: "c"}, {(1, 2): 3}[1, 2])
a, b = {1, 2, 3}, {3, 4}
print(a | b, a & b, a - b, a ^ b, a <= {1, 2, 3, 4}, a.isdisjoint({9}), len({1, 1.0, True}), sorted({*"hello"}), frozenset([1]) in {frozenset([1])})
a.add(10), a.discard(99), a.update([5])
print(sorted(a), sorted({x % 3 for x in range(10)}), set() == set([]), {n: [m for m in range(n)] for n in range(3)})
inverted = {}
for word in ["apple", "ant", "bee"]:
    inverted.setdefault(word[0], []).append(word)
print(inverted, {k: d[k] for k in sorted(d) if k < "c"}, len(d), [*d][:2], next(iter(d)))
for bad in (lambda: {}["k"], lambda: {[]: 1}, lambda: {1}.remove(2), lambda: [None for k in d if d.pop(k, 0) is not ...]):
    try:
        bad()
    except (KeyError, TypeError, RuntimeError) as error:
        print(type(error).__name__, error)

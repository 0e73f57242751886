# Lists: slices, sorting, stability, unpacking, comprehension scopes, mutation.
a = list(range(10))
a[2:5] = ["x"]
print(a, a[::-2], a[-3:], a[100:], a[:])
del a[::3]
a[1:1] = [7, 7]
print(a, a.index(7), a.count(7), a.pop(), a.pop(0))
a.insert(1, "i"), a.extend("ab"), a.remove("a"), a.reverse()
print(a)
people = [("bob", 30), ("al", 25), ("cy", 30), ("di", 25)]
print(sorted(people, key=lambda p: p[1]), sorted(people, key=lambda p: (-p[1], p[0])), sorted(people, key=lambda p: p[1], reverse=True))
first, *middle, last = range(5)
(x, y), [z] = (1, 2), [3]
print(first, middle, last, x, y, z, [*"ab", *range(2)], {**{"a": 1}, "b": 2}, [i for i in range(20) if i % 2 if i % 3])
grid = [[0] * 3 for _ in range(2)]
grid[0][1] = 5
print(grid, list(zip(*grid)), [[r[i] for r in grid] for i in range(3)], [0] * 3, [1, 2] + [3], [1, [2]] == [1, [2]], [1, 2] < [1, 3])
print(list(enumerate("ab", 1)), list(zip("abc", [1, 2])), list(reversed([1, 2])), list(map(max, [1, 5], [3, 2])), any([0, ""]), all([]), sum([[1], [2]], []))
print(list(filter(None, [0, 1, "", "a"])), min([3, 1], default=0), max([], default="none"), 3 in [1, 2, 3], len([[]]), [x for x in [1, 2] for _ in "ab"])
try:
    list(zip([1], [1, 2], strict=True))
except ValueError as error:
    print(error)
s = slice(1, 8, 3)
print(s, s.indices(5), "abcdefghij"[s], [3, 1, 2].sort(), bool([]), [1, 2, 3][-2])

# itertools: grouping, combinations, windows, batches.
import itertools as it
import operator

print(list(it.islice(it.count(10, 5), 4)), list(it.accumulate([1, 2, 3, 4], operator.mul)), list(it.accumulate([3, 1, 2], max, initial=0)))
print(list(it.chain("ab", [1])), list(it.chain.from_iterable([[1], [2, 3]])), list(it.compress("abcd", [1, 0, 1, 0])))
print([(k, list(g)) for k, g in it.groupby(sorted(["bob", "al", "cy", "eve"], key=len), key=len)])
print(list(it.combinations("abc", 2)), list(it.permutations([1, 2, 3], 2))[:3], list(it.product("ab", repeat=2)))
print(list(it.combinations_with_replacement("ab", 2)), list(it.pairwise("abcd")), list(it.batched("abcdefg", 3)))
print(list(it.takewhile(lambda x: x < 3, [1, 2, 3, 1])), list(it.dropwhile(lambda x: x < 3, [1, 2, 3, 1])), list(it.filterfalse(str.isdigit, "a1b2")))
print(list(it.zip_longest("ab", [1, 2, 3], fillvalue="-")), list(it.starmap(pow, [(2, 3), (3, 2)])), list(it.repeat("x", 2)))
first, second = it.tee(iter([1, 2, 3]))
print(next(first), list(second), list(first))
cycle = it.cycle("xy")
print([next(cycle) for _ in range(5)])

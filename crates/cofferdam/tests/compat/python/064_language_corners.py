# Corners: chained assignment order, class scopes, name mangling, dunder main, star imports in targets, complex slices, del, matrix.
class A:
    x = [1, 2]
    y = [i for i in x]

    def __init__(self):
        self.__hidden = 1

    def __matmul__(self, other):
        return "matmul"

    def __setitem__(self, key, value):
        print("set", key, value)

    def __delitem__(self, key):
        print("del", key)

    def __contains__(self, key):
        return key == 3


a = A()
a[1:2, ..., "k"] = 5
del a[::2]
print(a @ a, 3 in a, a._A__hidden, A.y, hasattr(a, "__hidden"))
i = 0
i, values = 1, [0, 0]
i, values[i] = 0, 9
print(i, values, [*range(3), *[9]], {**{"a": 1}, **{"a": 2}})
print((lambda: (yield))().__class__.__name__, type(type), bool("False"), int(True), 0.1 * 3, "a" "b", 1 if [] else 2)
print(*sorted([3, 1, 2]), sep=", ", end=".\n")
print(type(NotImplemented).__name__, Ellipsis, __debug__, isinstance(1, (str, int)), dir(A())[0] != "", vars(A)["x"])
x: int = 5
print(x.__add__(1), (5).__class__, -2**2, 2**-1, not 1 == 2, 1 == 1.0 == True, [] == (), "abc"[1:][0])
print([(a, b) for a in range(2) for b in range(a + 1)], {True: "t", 1: "one"}, sorted([True, False, 2]), round(2.5), round(3.5), max("a", "b", key=lambda c: -ord(c)))
print("".join(map(chr, range(97, 102))), sum(map(int, "12345")), eval("__import__('math').pi") > 3, globals()["i"], callable(print), hash("a") == hash("a"))

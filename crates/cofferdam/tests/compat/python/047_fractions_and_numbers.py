# fractions, numbers, operator.
import numbers
import operator
from fractions import Fraction

print(Fraction(3, 6), Fraction("0.125"), Fraction("1/3") + Fraction(1, 6), Fraction(0.5), float(Fraction(2, 3)), Fraction(22, 7).limit_denominator(3))
print(Fraction(7, 2).__floor__(), round(Fraction(7, 2)), Fraction(-1, 3) ** 2, Fraction(3.14159).limit_denominator(100), f"{Fraction(1, 3):.3f}", sum([Fraction(1, n) for n in range(1, 11)]))
print(isinstance(1, numbers.Integral), isinstance(Fraction(1), numbers.Rational), isinstance(1j, numbers.Real), isinstance(True, int))
rows = [{"n": 2, "p": ("b", 1)}, {"n": 1, "p": ("a", 3)}]
print(sorted(rows, key=operator.itemgetter("n"))[0], operator.attrgetter("real")(3), operator.methodcaller("upper")("x"), list(map(operator.add, [1, 2], [3, 4])))
print(operator.concat("a", "b"), operator.contains([1], 1), operator.truth([]), operator.xor(5, 1), operator.matmul, operator.countOf("aab", "a"), operator.index(True))
try:
    Fraction(1, 0)
except ZeroDivisionError as error:
    print(error)

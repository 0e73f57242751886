# Classes: inheritance, properties, class methods, special methods, slots, mixins, abstract ones.
from abc import ABC, abstractmethod


class Shape(ABC):
    count = 0

    def __init_subclass__(cls, /, sides=0, **rest):
        super().__init_subclass__(**rest)
        cls.sides = sides

    def __new__(cls, *args):
        Shape.count += 1
        return super().__new__(cls)

    @abstractmethod
    def area(self): ...

    @classmethod
    def unit(cls):
        return cls(1)

    def __lt__(self, other):
        return self.area() < other.area()


class Square(Shape, sides=4):
    __slots__ = ("_side",)

    def __init__(self, side):
        self.side = side

    @property
    def side(self):
        return self._side

    @side.setter
    def side(self, value):
        if value <= 0:
            raise ValueError("side must be positive")
        self._side = value

    def area(self):
        return self._side**2

    def __repr__(self):
        return f"{type(self).__name__}({self._side})"

    def __eq__(self, other):
        return isinstance(other, Square) and self._side == other._side

    def __hash__(self):
        return hash(self._side)


class Loud:
    def area(self):
        print("computing")
        return super().area()


class LoudSquare(Loud, Square): ...


print(Square.unit(), sorted([Square(3), Square(1)]), Square(2) == Square(2), len({Square(2), Square(2)}), Square.sides, Shape.count)
print(LoudSquare(3).area(), [c.__name__ for c in LoudSquare.__mro__], issubclass(LoudSquare, Shape), hasattr(Square(1), "__dict__"))


class Vector:
    def __init__(self, *xs):
        self.xs = xs

    def __add__(self, o):
        return Vector(*(a + b for a, b in zip(self.xs, o.xs)))

    def __mul__(self, k):
        return Vector(*(x * k for x in self.xs)) if isinstance(k, (int, float)) else NotImplemented

    __rmul__ = __mul__

    def __getitem__(self, i):
        return self.xs[i]

    def __len__(self):
        return len(self.xs)

    def __bool__(self):
        return any(self.xs)

    def __call__(self, x):
        return x in self

    def __repr__(self):
        return f"V{self.xs}"

    def __getattr__(self, name):
        if name in "xyz":
            return self.xs["xyz".index(name)]
        raise AttributeError(name)


v = Vector(1, 2)
print(v + v, 3 * v, v[0:1], list(v), bool(Vector(0)), v(2), v.y, abs(-3))
for bad in (lambda: Shape(), lambda: Square(-1), lambda: v * "x", lambda: v.q, lambda: setattr(Square(1), "side", 0)):
    try:
        bad()
    except (TypeError, ValueError, AttributeError) as error:
        print(type(error).__name__, error)

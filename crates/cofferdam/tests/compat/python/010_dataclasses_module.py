# dataclasses: defaults, order, frozen, slots, post-init, replace, asdict, inheritance.
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, make_dataclass, replace


@dataclass(order=True)
class Item:
    price: float
    name: str = field(compare=False)
    tags: list[str] = field(default_factory=list, repr=False, compare=False)
    total: float = field(init=False, compare=False)

    def __post_init__(self):
        self.total = round(self.price * 1.2, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    x: int
    y: int = 0


@dataclass
class Basket:
    items: list[Item]
    at: Point


a, b = Item(3.5, "pen", ["blue"]), Item(2.0, "ink")
print(a, sorted([a, b]), a > b, Item(2.0, "other") == b)
print(asdict(Basket([a], Point(x=1))), astuple(b))
print(replace(Point(x=1), y=5), hash(Point(x=1)) == hash(Point(x=1)), [f.name for f in fields(Item)])
print(make_dataclass("Pair", [("l", int), ("r", int, 7)])(1))
try:
    Point(x=1).x = 2
except FrozenInstanceError as error:
    print(error)
try:
    Point(1, 2)
except TypeError as error:
    print(error)
match a:
    case Item(price, name):
        print("matched", price, name)

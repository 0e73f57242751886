# enum: Enum, IntEnum, StrEnum, Flag, auto, aliases, members by value.
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum, auto, unique


class Color(Enum):
    RED = 1
    GREEN = 2
    CRIMSON = 1

    @property
    def pretty(self):
        return self.name.title()

    @classmethod
    def _missing_(cls, value):
        return cls.GREEN if value == "grün" else None


class Level(IntEnum):
    LOW = 1
    HIGH = 10


class Mode(StrEnum):
    READ = auto()
    WRITE = auto()


class Access(Flag):
    R = auto()
    W = auto()
    X = auto()
    ALL = R | W | X


print(Color.RED, repr(Color.GREEN), Color(2), Color["RED"], Color.CRIMSON is Color.RED, Color.RED.pretty, list(Color), Color("grün"))
print(Level.HIGH > 5, Level.LOW + 1, f"{Level.HIGH}", Mode.READ, repr(Mode.WRITE), Mode("read") == "read")
print(Access.R | Access.W, Access.ALL & ~Access.X, Access.R in Access.ALL, bool(Access(0)), list(Access.ALL), Access.ALL)
print(Color.__members__.keys(), isinstance(Color.RED, Color), len(Color), IntFlag("F", "A B")(3), Enum("Dyn", {"A": 1, "B": 2}).B.value)
for action in (lambda: Color(9), lambda: Color["X"], lambda: setattr(Color, "RED", 3)):
    try:
        action()
    except (ValueError, KeyError, AttributeError) as error:
        print(type(error).__name__, error)
try:
    @unique
    class Bad(Enum):
        A = 1
        B = 1
except ValueError as error:
    print(error)

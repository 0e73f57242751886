# match: literals, sequences, mappings, classes, guards, captures, or-patterns.
from dataclasses import dataclass


@dataclass
class Point:
    x: int
    y: int


def what(value):
    match value:
        case None | False:
            return "nothing"
        case 0 | 1 as bit:
            return f"bit {bit}"
        case int(n) if n < 0:
            return f"negative {n}"
        case float() | int():
            return "number"
        case "" | b"":
            return "empty"
        case str(text) if text.isdigit():
            return "digits"
        case [Point(x=0, y=y)]:
            return f"one point on the axis at {y}"
        case [first, *_, last]:
            return f"from {first} to {last}"
        case [single]:
            return f"only {single}"
        case []:
            return "empty list"
        case {"type": "move", "to": (x, y), **rest}:
            return f"move to {x},{y} {rest}"
        case {"type": kind}:
            return f"type {kind}"
        case Point(0, 0):
            return "origin"
        case Point(x, y) if x == y:
            return "diagonal"
        case Point():
            return "point"
        case _:
            return "?"


for value in (None, 1, -5, 2.5, "", "123", "x", [Point(0, 4)], [1, 2, 3], [7], (), {"type": "move", "to": (1, 2), "fast": True}, {"type": "stop"}, {}, Point(0, 0), Point(3, 3), Point(1, 2), {1}):
    print(repr(value), "->", what(value))

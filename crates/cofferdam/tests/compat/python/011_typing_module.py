# typing: generics, protocols, TypedDict, Annotated, hints at run time, new syntax for type parameters.
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Generic, Literal, NamedTuple, Optional, Protocol, TypedDict, TypeVar, Union, cast, get_args, get_origin, get_type_hints, overload, runtime_checkable

T = TypeVar("T")


class Stack(Generic[T]):
    def __init__(self) -> None:
        self.items: list[T] = []

    def push(self, item: T) -> "Stack[T]":
        self.items.append(item)
        return self


class Movie(TypedDict, total=False):
    title: str
    year: int


@runtime_checkable
class Sized(Protocol):
    def size(self) -> int: ...


class Box:
    def size(self) -> int:
        return 3


class Row(NamedTuple):
    id: int
    name: str = "?"


def pick[K, V](mapping: dict[K, V], key: K, *rest: Any, default: Optional[V] = None) -> V | None:
    return mapping.get(key, default)


type Pair[A] = tuple[A, A]

print(Stack[int]().push(1).items, Movie(title="x"), isinstance(Box(), Sized), isinstance(3, Sized), Row(1))
print(get_type_hints(Movie), get_origin(list[int]), get_args(dict[str, int]), get_args(Literal["a", 1]))
print(Union[int, None], int | str, Optional[str], Callable[[int], str], Annotated[int, "meta"].__metadata__, Iterable[int])
print(pick({"a": 1}, "a"), pick.__type_params__, Pair.__value__, cast(int, "x"))
print({k: str(v) for k, v in get_type_hints(pick).items()})
LIMIT: Final = 3


@overload
def f(x: int) -> int: ...
@overload
def f(x: str) -> str: ...
def f(x):
    return x


print(f("s"), __annotations__)

# inspect: signatures, members, kinds, own source.
import inspect


def f(a, /, b: int = 2, *args, c, d="x", **rest) -> str:
    """Does f."""
    return "f"


signature = inspect.signature(f)
print(signature, [(p.name, p.kind.name) for p in signature.parameters.values()])
bound = signature.bind(1, 2, 3, c=4, z=5)
bound.apply_defaults()
print(bound.arguments, inspect.getdoc(f), f.__defaults__, f.__kwdefaults__, f.__annotations__)


class Base:
    x = 1

    def method(self): ...

    @property
    def prop(self): ...

    @staticmethod
    def static(): ...


class Child(Base): ...


print([name for name, _ in inspect.getmembers(Child, inspect.isfunction)], [c.__name__ for c in inspect.getmro(Child)])
print(inspect.isgeneratorfunction(lambda: (yield)), inspect.iscoroutinefunction(f), inspect.isclass(Child), callable(f))
print(inspect.getsource(f))
print(inspect.currentframe().f_code.co_name != "", f.__code__.co_varnames[:3], f.__qualname__, Base.method.__qualname__)
try:
    signature.bind(1)
except TypeError as error:
    print(error)

# Metaclasses, descriptors, __set_name__, __class_getitem__, __getattribute__, type().
class Typed:
    def __init__(self, kind):
        self.kind = kind

    def __set_name__(self, owner, name):
        self.name = f"_{name}"

    def __get__(self, instance, owner):
        return self if instance is None else getattr(instance, self.name)

    def __set__(self, instance, value):
        if not isinstance(value, self.kind):
            raise TypeError(f"{self.name[1:]} must be {self.kind.__name__}, not {type(value).__name__}")
        setattr(instance, self.name, value)


class Registry(type):
    classes = {}

    def __new__(meta, name, bases, space, **options):
        cls = super().__new__(meta, name, bases, space)
        meta.classes[name] = options
        return cls

    def __init__(cls, name, bases, space, **options):
        super().__init__(name, bases, space)

    def __call__(cls, *args):
        print("making", cls.__name__)
        return super().__call__(*args)

    def __contains__(cls, item):
        return hasattr(cls, item)

    @classmethod
    def __prepare__(meta, name, bases, **options):
        return {"prepared": True}


class Model(metaclass=Registry, table="models"):
    size = Typed(int)
    label = Typed(str)

    def __init__(self, size, label):
        self.size, self.label = size, label

    def __class_getitem__(cls, key):
        return f"{cls.__name__}[{key}]"


m = Model(3, "x")
print(m.size, m.label, vars(m), Registry.classes, "size" in Model, Model.prepared, Model[int], type(Model).__name__)
try:
    m.size = "big"
except TypeError as error:
    print(error)


class Lazy:
    def __init__(self, function):
        self.function = function

    def __get__(self, instance, owner):
        value = instance.__dict__[self.function.__name__] = self.function(instance)
        return value


class Page:
    @Lazy
    def body(self):
        print("loading")
        return "text"

    def __getattribute__(self, name):
        if name.startswith("secret"):
            raise AttributeError("hidden")
        return super().__getattribute__(name)


p = Page()
print(p.body, p.body, getattr(p, "secret_key", "none"))
Made = type("Made", (Page,), {"x": 1, "double": lambda self: self.x * 2})
print(Made().double(), Made.__bases__, callable(Made), isinstance(Made(), Page))

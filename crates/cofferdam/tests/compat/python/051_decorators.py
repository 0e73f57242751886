# Decorators: with arguments, stacked, on classes, keeping state; retry as models write it.
import functools
import time


def repeat(times):
    def decorate(function):
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return [function(*args, **kwargs) for _ in range(times)]

        return inner

    return decorate


def shout(function):
    return lambda *a: function(*a).upper()


@repeat(2)
@shout
def greet(name):
    return f"hello {name}"


def register(cls):
    register.known.append(cls.__name__)
    cls.registered = True
    return cls


register.known = []


@register
class Plugin: ...


class CountCalls:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function, self.calls = function, 0

    def __call__(self, *args):
        self.calls += 1
        return self.function(*args)


@CountCalls
def ping():
    return "pong"


def retry(attempts, errors=(Exception,), delay=0.001):
    def decorate(function):
        @functools.wraps(function)
        def inner(*args):
            for attempt in range(1, attempts + 1):
                try:
                    return function(*args)
                except errors as error:
                    print("attempt", attempt, error)
                    if attempt == attempts:
                        raise
                    time.sleep(delay * 2**attempt)

        return inner

    return decorate


state = {"left": 2}


@retry(3, (ConnectionError,))
def flaky():
    if state["left"]:
        state["left"] -= 1
        raise ConnectionError("down")
    return "up"


print(greet("ann"), register.known, Plugin.registered, ping(), ping(), ping.calls, ping.__name__, flaky())

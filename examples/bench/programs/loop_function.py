import time


def squares(steps):
    total = 0
    for i in range(steps):
        total += i * i
    return total


began = time.perf_counter()
total = squares(5_000_000)
print((time.perf_counter() - began) * 1000)
print(total)

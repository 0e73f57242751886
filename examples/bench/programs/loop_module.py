# Most programs of models are written like this, and CPython is slower outside of functions.
import time

began = time.perf_counter()
total = 0
for i in range(5_000_000):
    total += i * i
print((time.perf_counter() - began) * 1000)
print(total)

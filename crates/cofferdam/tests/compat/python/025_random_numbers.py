# random with a seed: the same numbers in every CPython.
import random

random.seed(42)
print([random.randint(1, 100) for _ in range(8)], random.random(), round(random.uniform(1, 5), 9))
rng = random.Random("text seed")
items = list(range(10))
rng.shuffle(items)
print(items, rng.choice("abcdef"), rng.sample(range(1000), 4), rng.choices(["x", "y"], weights=[1, 9], k=6))
print(rng.gauss(0, 1), rng.expovariate(2), rng.getrandbits(70), rng.betavariate(1, 2), rng.triangular(0, 10, 3))
state = rng.getstate()
first = [rng.random() for _ in range(3)]
rng.setstate(state)
print(first == [rng.random() for _ in range(3)], rng.randbytes(4), rng.randrange(0, 100, 7), rng.binomialvariate(10, 0.5))
print(random.SystemRandom().random() < 1, random.Random(1).random() == random.Random(1).random())

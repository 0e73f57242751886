# collections: Counter, defaultdict, deque, namedtuple, OrderedDict, ChainMap.
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple

words = "the cat and the dog and the bird".split()
counts = Counter(words)
print(counts.most_common(2), counts["missing"], counts.total(), sorted((counts - Counter(the=2)).items()))
print(Counter("abca") + Counter("ab"), Counter("abca") & Counter("aab"), list(Counter(a=2, b=1).elements()))
groups = defaultdict(list)
for word in words:
    groups[len(word)].append(word)
print(dict(groups), groups.default_factory)
queue = deque([1, 2, 3], maxlen=3)
queue.append(4)
queue.rotate(1)
queue.appendleft(0)
print(queue, queue.popleft(), list(reversed(queue)))
Point = namedtuple("Point", "x y", defaults=[0])
p = Point(3)
print(p, p._replace(y=9), p._asdict(), Point._fields, p == (3, 0))
order = OrderedDict(a=1, b=2, c=3)
order.move_to_end("a")
print(order, order.popitem(last=False))
chain = ChainMap({"a": 1}, {"a": 2, "b": 3})
print(chain["a"], chain["b"], sorted(chain), dict(chain.parents))


class Upper(UserDict):
    def __setitem__(self, key, value):
        super().__setitem__(key.upper(), value)


print(Upper(a=1, b=2))

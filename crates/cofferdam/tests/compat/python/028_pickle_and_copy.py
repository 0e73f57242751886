# pickle and copy: own classes, shared and circular references, protocols, hooks.
import copy
import pickle


class Node:
    def __init__(self, name):
        self.name, self.links = name, []

    def __getstate__(self):
        return {"name": self.name, "links": self.links}

    def __repr__(self):
        return f"Node({self.name!r}, {len(self.links)})"


a, b = Node("a"), Node("b")
a.links += [b, a]
for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
    again = pickle.loads(pickle.dumps(a, protocol))
    print(protocol, again, again.links[1] is again, again.links[0].name)
data = {"set": {1}, "bytes": b"x", "tuple": (1, None), "float": 1e300, "big": 10**40, "text": "é"}
print(pickle.loads(pickle.dumps(data)) == data)
shallow, deep = copy.copy(a), copy.deepcopy(a)
print(shallow.links is a.links, deep.links is a.links, deep.links[1] is deep, copy.replace(__import__("datetime").date(2025, 1, 2), day=9))
try:
    pickle.dumps(lambda: 0)
except (pickle.PicklingError, AttributeError) as error:
    print(type(error).__name__)
try:
    pickle.loads(b"garbage")
except pickle.UnpicklingError as error:
    print(type(error).__name__)

# pprint, reprlib, tabulated text, json.tool-like output, shelve-free persistence.
import json
import pprint
import reprlib
from collections import OrderedDict, defaultdict

data = {"name": "x" * 30, "list": list(range(30)), "nested": {"b": [{"k": i, "v": "w" * 10} for i in range(3)], "a": (1,)}, "set": {3, 1, 2}}
pprint.pprint(data)
pprint.pprint(data, width=40, depth=2, compact=True)
pprint.pprint({"b": 1, "a": 2}, sort_dicts=False)
print(pprint.pformat("word " * 30, width=50))
print(reprlib.repr(list(range(100))), pprint.saferepr({"z": 1}), defaultdict(int, a=1), OrderedDict(x=1))
rows = [("name", "qty", "price"), ("kettle", 3, 89.0), ("lamp", 12, 8.5)]
for name, qty, price in rows:
    print(f"{name:<10}{qty:>5}{price:>10}")
print(json.dumps({"rows": rows[1:], "ok": True}, indent=1))
recursive = [1]
recursive.append(recursive)
print(recursive, pprint.isrecursive(recursive))

# JSON: indentation, separators, key order, escapes, floats, hooks, errors with their position.
import json
from datetime import date
from decimal import Decimal

data = {"name": "Zoë", "tags": ["a", "b"], "n": None, "ok": True, "pi": 3.14, "big": 2**70, "nested": {"x": [1, {"y": 2}]}}
print(json.dumps(data))
print(json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
print(json.dumps(data["nested"], indent=2))
print(json.loads('{"a": [1, 2.5, -3e10, "\\u00e9\\n\\ud83d\\ude00"]}'))
print(json.loads("[1.10, 2]", parse_float=Decimal))
print(json.loads('{"b": 1, "a": 2}', object_pairs_hook=list))
print(json.dumps({"when": date(2025, 3, 1)}, default=str), json.dumps({1: "a", None: "b", True: "c"}))
print(json.dumps([float("inf"), float("nan")]))
for bad in ("{", "[1,]", "{'a': 1}", '"\t"', "[1] x"):
    try:
        json.loads(bad)
    except json.JSONDecodeError as error:
        print(type(error).__name__, error, error.pos)
try:
    json.dumps({1, 2})
except TypeError as error:
    print(error)
assert json.loads(json.dumps(data)) == data

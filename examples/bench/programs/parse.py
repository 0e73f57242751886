import json
import time


def records(count):
    # A generator of our own: the same text everywhere.
    seed, rows = 1, []
    for i in range(count):
        seed = seed * 48271 % 2147483647
        rows.append({
            "id": i,
            "customer": f"customer-{seed % 5000}",
            "region": ["north", "east", "south", "west"][seed % 4],
            "cents": seed % 100_000,
            "paid": seed % 3 == 0,
            "tags": ["new", "gift"] if seed % 2 else [],
            "note": "leave it with the neighbours",
        })
    return rows


def aggregate(text):
    paid = [row for row in json.loads(text) if row["paid"] and row["cents"] > 25_000]
    totals = {}
    for row in paid:
        totals[row["region"]] = totals.get(row["region"], 0) + row["cents"]
    return {"rows": len(paid), "totals": dict(sorted(totals.items()))}


text = json.dumps(records(36_000), separators=(",", ":"))
began = time.perf_counter()
answer = aggregate(text)
print((time.perf_counter() - began) * 1000)
print(len(text), json.dumps(answer))

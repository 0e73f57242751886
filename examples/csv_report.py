# Writes a file into the workspace, where the session's next program finds it, and answers with a summary only.
import csv
from pathlib import Path

names = {p["id"]: p["name"] for p in (await orders.list_products())["products"]}
page = await orders.list_orders(status="returned", placed_from="2025-12-01", placed_before="2026-01-01", limit=50_000)

path = Path("/workspace/returns-2025-12.csv")
with path.open("w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(["order", "placed_at", "product", "quantity", "usd"])
    for o in page["orders"]:
        writer.writerow([o["id"], o["placed_at"], names[o["product_id"]], o["quantity"], f"{o['total_cents'] / 100:.2f}"])

with path.open(newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
assert {row["product"] for row in rows} <= set(names.values())
dearest = max(rows, key=lambda row: float(row["usd"]))
print(f"{path.name}: {len(rows)} rows, {path.stat().st_size} bytes")
{"quantity": sum(int(row["quantity"]) for row in rows), "dearest": [dearest["product"], dearest["usd"]]}

# Joins two servers that know nothing of each other: 43,729 orders from one, 12,000 customers from the other, fetched side by
# side. Several megabytes reach the program; a few lines reach the model.
import asyncio
from collections import defaultdict

placed, register = await asyncio.gather(
    orders.list_orders(status="delivered", limit=50_000),
    crm.list_customers(limit=50_000),
)
customers = {c["id"]: c for c in register["customers"]}

revenue = defaultdict(int)
spent = defaultdict(int)
for order in placed["orders"]:
    customer = customers[order["customer_id"]]
    revenue[customer["country"], customer["segment"]] += order["total_cents"]
    spent[order["customer_id"]] += order["total_cents"]

print(f"{placed['total']:,} orders of {len(spent):,} customers")
for (country, segment), cents in sorted(revenue.items(), key=lambda item: -item[1])[:5]:
    print(f"{country:<15} {segment:<15} {cents / 100:>14,.2f}")

best = sorted(spent.items(), key=lambda item: (-item[1], item[0]))[:3]
[{"name": customers[id]["name"], "country": customers[id]["country"], "cents": cents} for id, cents in best]

# Time zones inside the sandbox: when do customers in Germany, by their own clock, order? Daylight saving time included.
import asyncio
from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

page, register, countries = await asyncio.gather(
    orders.list_orders(placed_from="2025-01-01", limit=50_000),
    crm.list_customers(country="Germany", limit=50_000),
    crm.list_countries(),
)
zone = ZoneInfo(next(c["timezone"] for c in countries if c["name"] == "Germany"))
germans = {c["id"] for c in register["customers"]}

hours, shifted = Counter(), Counter()
for order in page["orders"]:
    if order["customer_id"] in germans:
        local = datetime.fromisoformat(order["placed_at"]).astimezone(zone)
        hours[local.hour] += 1
        shifted[str(local.utcoffset())] += 1

for hour, count in sorted(hours.most_common(3)):
    print(f"{hour:02d}:00 {count}")
dict(sorted(shifted.items()))

# What a tool returns without typed content: JSON in a text becomes a value, other text stays a text.
import asyncio

rates, countries, policy = await asyncio.gather(orders.exchange_rates(), crm.list_countries(), orders.return_policy())
worth = {c["name"]: rates["usd_per_unit"].get(c["currency"], 1) for c in countries}
print(type(rates).__name__, type(countries).__name__, type(policy).__name__)
print(policy.splitlines()[0])
sorted(name for name, usd in worth.items() if usd > 1)

# Finds a tool by what it is for, reads how it is called, calls it. No tool definition was in the model's context before.
hits = tools.search("find customers by name, e-mail or city")
names = [hit["tool"] for hit in hits]
assert "crm.find_customers" in names, names

text = tools.describe("crm.find_customers")
assert "query" in text and "limit" in text, text

answer = await crm.find_customers(query="lindner", limit=50_000)
cities = sorted({c["city"] for c in answer["customers"] if c["segment"] == "enterprise"})
print(len(answer["customers"]), "customers match")
", ".join(cities)

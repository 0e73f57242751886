# Loads all orders and products into a database inside the sandbox and asks SQL: windows and joins where the upstream has none.
import asyncio
import sqlite3

page, catalog = await asyncio.gather(orders.list_orders(limit=50_000), orders.list_products())

db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, category TEXT)")
db.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, product INTEGER, month TEXT, status TEXT, cents INTEGER)")
db.executemany("INSERT INTO products VALUES (:id, :name, :category)", catalog["products"])
db.executemany(
    "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
    ((o["id"], o["product_id"], o["placed_at"][:7], o["status"], o["total_cents"]) for o in page["orders"]),
)

rows = db.execute("""
    SELECT category, name, returned, sold, rank FROM (
        SELECT category, name, sum(status = 'returned') AS returned, count(*) AS sold,
            rank() OVER (PARTITION BY category ORDER BY sum(cents) DESC) AS rank
        FROM orders JOIN products ON products.id = product
        GROUP BY product
    ) WHERE rank = 1 ORDER BY category
""").fetchall()
for category, name, returned, sold, _ in rows:
    print(f"{category}: {name}, {returned} of {sold} sent back")

best, count = db.execute("SELECT month, count(*) FROM orders GROUP BY month ORDER BY 2 DESC LIMIT 1").fetchone()
{"rows": db.execute("SELECT count(*) FROM orders").fetchone()[0], "best_month": best, "orders": count}

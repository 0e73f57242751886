# sqlite3: tables, parameters, transactions, windows, functions of our own, row factory, JSON.
import sqlite3

db = sqlite3.connect(":memory:")
db.row_factory = sqlite3.Row
db.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, n REAL, raw BLOB);")
db.executemany("INSERT INTO t (name, n, raw) VALUES (?, ?, ?)", [("a", 1.5, b"\x00\x01"), ("b", None, None), ("c", 4, b"z")])
for row in db.execute("SELECT *, typeof(n) AS kind FROM t ORDER BY id"):
    print(dict(row))
print(db.execute("SELECT name FROM t WHERE n > :least", {"least": 1}).fetchall()[0]["name"])
try:
    with db:
        db.execute("INSERT INTO t (name) VALUES ('d')")
        db.execute("INSERT INTO t (name) VALUES ('a')")
except sqlite3.IntegrityError as error:
    print(error)
print(db.execute("SELECT count(*) FROM t").fetchone()[0])
db.create_function("twice", 1, lambda x: x * 2)


class Product:
    def __init__(self):
        self.value = 1

    def step(self, x):
        self.value *= x or 1

    def finalize(self):
        return self.value


db.create_aggregate("product", 1, Product)
print(tuple(db.execute("SELECT twice(21), product(n) FROM t").fetchone()))
print([tuple(r) for r in db.execute("SELECT name, sum(n) OVER (ORDER BY id) FROM t")])
print(tuple(db.execute("""SELECT json_extract('{"a": [1, 2]}', '$.a[1]'), json_group_array(name) FROM t""").fetchone()))
cursor = db.execute("INSERT INTO t (name) VALUES ('e') RETURNING id")
print(cursor.fetchone()[0], [c[0] for c in cursor.description])
print([tuple(r) for r in db.execute("WITH RECURSIVE f(n, a, b) AS (SELECT 1, 0, 1 UNION ALL SELECT n + 1, b, a + b FROM f WHERE n < 8) SELECT n, a FROM f")])
try:
    db.execute("SELEC")
except sqlite3.OperationalError as error:
    print(error)

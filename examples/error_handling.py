# A failed call is an exception with a code, so that a program can go on: three of these five orders exist.
found, missing = [], []
for id in (100_001, 7, 125_000, 999_999, 150_000):
    try:
        found.append(await orders.get_order(id=id))
    except ToolError as error:
        assert f"no order {id}" in error.message
        missing.append([id, error.code, error.tool, error.retryable])

for order in found:
    print(order["id"], order["product"]["name"], order["currency"], order["charged_cents"])
missing

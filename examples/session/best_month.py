# And when, there? `sales`, `revenue` and the imports are those of the programs before; the artifact is on the disk.
best = revenue.most_common(1)[0][0]
months = Counter()
for country, status, month, cents in sales:
    if status == "delivered" and country == best:
        months[month] += cents
month, cents = months.most_common(1)[0]
{"country": best, "month": month, "cents": cents, "rows_of_the_artifact": len(artifacts.load("sales"))}

# Where was the most delivered?
from collections import Counter

revenue = Counter()
for country, status, month, cents in sales:
    if status == "delivered":
        revenue[country] += cents
revenue.most_common(3)

# Programs of the size that models write: parse a log, aggregate, rank, format a report.
import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from statistics import mean, median

lines = []
moment = datetime(2025, 3, 12, 8, 0, 0)
for n in range(200):
    moment += timedelta(seconds=(n * 37) % 90)
    status = [200, 200, 200, 404, 200, 500, 302][(n * 5) % 7]
    path = ["/", "/cart", "/item/%d" % (n % 9), "/login"][n % 4]
    lines.append(f'10.0.{n % 3}.{n % 11} - - [{moment:%d/%b/%Y:%H:%M:%S} +0000] "GET {path} HTTP/1.1" {status} {n * 13 % 5000} {(n * 17 % 400) / 1000:.3f}')
pattern = re.compile(r'(?P<ip>\S+) - - \[(?P<at>[^\]]+)\] "(?P<verb>\w+) (?P<path>\S+) [^"]+" (?P<status>\d{3}) (?P<size>\d+) (?P<took>[\d.]+)')
records = [match.groupdict() for line in lines if (match := pattern.match(line))]
print(len(records), lines[3])
by_path = defaultdict(list)
for record in records:
    by_path[re.sub(r"\d+", "N", record["path"])].append(float(record["took"]))
print(f"{'path':<10}{'n':>5}{'mean':>9}{'median':>9}{'worst':>9}")
for path, took in sorted(by_path.items(), key=lambda item: -len(item[1])):
    print(f"{path:<10}{len(took):>5}{mean(took):>9.4f}{median(took):>9.4f}{max(took):>9.3f}")
print(Counter(record["status"] for record in records).most_common())
errors = [r for r in records if r["status"] >= "400"]
print(len(errors), Counter(r["ip"] for r in errors).most_common(3))
span = datetime.strptime(records[-1]["at"], "%d/%b/%Y:%H:%M:%S %z") - datetime.strptime(records[0]["at"], "%d/%b/%Y:%H:%M:%S %z")
print(span, sum(int(r["size"]) for r in records))
buckets = Counter(datetime.strptime(r["at"], "%d/%b/%Y:%H:%M:%S %z").strftime("%H:%M")[:4] + "0" for r in records)
for bucket, count in sorted(buckets.items()):
    print(bucket, "#" * (count // 2), count)

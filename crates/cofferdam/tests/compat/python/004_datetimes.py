# datetime: arithmetic, formats, ISO texts, weeks, comparisons.
from datetime import date, datetime, time, timedelta, timezone

start = datetime(2024, 2, 28, 23, 59, 30, tzinfo=timezone.utc)
for days in (0, 1, 2, 366):
    moment = start + timedelta(days=days, seconds=45)
    print(moment.isoformat(), moment.strftime("%a %d %b %Y %H:%M:%S %j %U %y %p %I %%"), moment.timestamp())
print(datetime.fromisoformat("2025-03-12T14:05:09Z"), datetime.fromisoformat("2025-03-12 14:05:09.123456+05:30"))
print(datetime.strptime("12/Mar/2025:14:05:09 +0100", "%d/%b/%Y:%H:%M:%S %z"))
print(date(2025, 1, 1).isocalendar(), date(2024, 12, 30).isocalendar().week, date.fromisocalendar(2025, 1, 1))
gap = datetime(2025, 1, 1) - datetime(2024, 1, 1, 12, 30)
print(gap, gap.total_seconds(), gap // timedelta(hours=1), gap % timedelta(hours=1), -timedelta(minutes=1))
print(repr(timedelta(days=1, hours=2, milliseconds=3)), timedelta(weeks=1) / 2)
print(date(2025, 3, 31).replace(day=1), max(date(2025, 1, 2), date(2024, 5, 6)), date.max, datetime.min)
print(time(9, 5).isoformat(), time.fromisoformat("09:05:01.5"), f"{date(2025, 7, 4):%B %-d, %Y}")
print(datetime.fromtimestamp(1_700_000_000, timezone.utc), datetime(1969, 12, 31, tzinfo=timezone.utc).timestamp())
print(start.astimezone(timezone(timedelta(hours=-3, minutes=-30), "NST")).strftime("%Z %z %H:%M"))
for bad in ("2025-02-30", "yesterday"):
    try:
        date.fromisoformat(bad)
    except ValueError as error:
        print(error)
try:
    datetime(2025, 1, 1) < start
except TypeError as error:
    print(error)

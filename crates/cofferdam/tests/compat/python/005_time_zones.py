# zoneinfo: conversions, daylight saving, folds, gaps.
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

moment = datetime(2025, 7, 4, 12, tzinfo=timezone.utc)
for name in ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "America/Sao_Paulo", "Asia/Tokyo", "UTC"):
    local = moment.astimezone(ZoneInfo(name))
    print(name, local.isoformat(), local.tzname(), local.dst())
berlin = ZoneInfo("Europe/Berlin")
twice = datetime(2025, 10, 26, 2, 30, tzinfo=berlin)
print(twice.utcoffset(), twice.replace(fold=1).utcoffset())
gap = datetime(2025, 3, 30, 2, 30, tzinfo=berlin)
print(gap.astimezone(timezone.utc).astimezone(berlin))
before = datetime(2025, 3, 29, 12, tzinfo=berlin)
print(before + timedelta(days=1), (before + timedelta(days=1)).astimezone(timezone.utc) - before.astimezone(timezone.utc))
print(datetime(1950, 6, 1, tzinfo=ZoneInfo("Europe/London")).isoformat(), datetime(2040, 7, 1, tzinfo=berlin).isoformat())
print({"Europe/Paris", "America/Toronto"} <= available_timezones())
try:
    ZoneInfo("Mars/Olympus")
except ZoneInfoNotFoundError as error:
    print(type(error).__name__, error)

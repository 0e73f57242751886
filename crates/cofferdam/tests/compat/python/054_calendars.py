# calendar and time: months as text, leap years, weekdays, struct_time.
import calendar
import time

print(calendar.month(2024, 2))
print(calendar.isleap(1900), calendar.leapdays(2000, 2025), calendar.monthrange(2025, 2), calendar.weekday(2025, 3, 12), calendar.day_name[2], list(calendar.month_abbr)[1:4])
print(calendar.Calendar(firstweekday=6).monthdayscalendar(2025, 6)[0], calendar.timegm((2025, 1, 1, 0, 0, 0)), calendar.FRIDAY)
moment = time.gmtime(1_735_689_600)
print(time.strftime("%Y-%m-%dT%H:%M:%SZ", moment), moment.tm_yday, moment.tm_wday, time.strptime("1 Feb 2024", "%d %b %Y").tm_yday, tuple(moment)[:6])
before = time.perf_counter(), time.monotonic(), time.time_ns()
time.sleep(0.01)
print(time.perf_counter() - before[0] >= 0.009, time.monotonic() > before[1], time.time_ns() > before[2], time.time() > 1_700_000_000)
print(time.localtime(0).tm_hour, time.tzname[0], time.ctime(0))

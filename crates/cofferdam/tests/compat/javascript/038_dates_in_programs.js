// Date arithmetic as programs write it: months, weeks, ranges, grouping, durations, ages.
const iso = (d) => d.toISOString().slice(0, 10);
const addDays = (d, n) => new Date(d.getTime() + n * 864e5);
const addMonths = (d, n) => {
  const r = new Date(d);
  const day = r.getUTCDate();
  r.setUTCDate(1);
  r.setUTCMonth(r.getUTCMonth() + n);
  r.setUTCDate(Math.min(day, new Date(Date.UTC(r.getUTCFullYear(), r.getUTCMonth() + 1, 0)).getUTCDate()));
  return r;
};
const start = new Date("2024-01-31T00:00:00Z");
console.log([1, 2, 13, -2].map((n) => iso(addMonths(start, n))), iso(addDays(start, 30)));
const isoWeek = (d) => {
  const t = new Date(Date.UTC(d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate()));
  t.setUTCDate(t.getUTCDate() + 4 - (t.getUTCDay() || 7));
  return Math.ceil(((t - Date.UTC(t.getUTCFullYear(), 0, 1)) / 864e5 + 1) / 7);
};
console.log(["2024-12-30", "2025-01-01", "2026-12-31", "2027-01-01"].map((d) => isoWeek(new Date(d))));
const range = [];
for (let d = new Date("2025-02-26"); d < new Date("2025-03-03"); d = addDays(d, 1)) range.push(iso(d));
console.log(range, range.filter((d) => ![0, 6].includes(new Date(d).getUTCDay())).length);
const byMonth = {};
for (const [d, n] of [["2025-01-05", 2], ["2025-02-01", 3], ["2025-01-31", 4]]) byMonth[d.slice(0, 7)] = (byMonth[d.slice(0, 7)] ?? 0) + n;
console.log(byMonth, ["2025-03-01", "2024-12-31"].map(Date.parse).sort((a, b) => a - b).map((t) => iso(new Date(t))));
const human = (ms) => [[864e5, "d"], [36e5, "h"], [6e4, "m"], [1e3, "s"]].reduce(([out, rest], [u, l]) => [rest >= u ? [...out, `${Math.floor(rest / u)}${l}`] : out, rest % u], [[], ms])[0].join(" ");
console.log(human(93784000), human(61000), new Date(2024, 1, 29).getMonth(), new Date(Date.UTC(99, 0)).getUTCFullYear(), iso(new Date(Date.UTC(2025, 1, 0))));

// Date: parsing, UTC parts, arithmetic, ISO texts, invalid dates, overflow of parts.
const d = new Date("2025-03-12T14:05:09.123Z");
console.log(d.toISOString(), d.getTime(), d.getUTCDay(), d.getUTCFullYear(), d.getUTCMonth(), d.getUTCDate(), d.getUTCHours(), JSON.stringify({ d }), d.toJSON());
console.log(new Date("2025-03-12").toISOString(), new Date("2025-03-12T10:00:00+05:30").toISOString(), new Date(0).toISOString(), Date.parse("2024-02-29T00:00:00Z"));
console.log(new Date(Date.UTC(2024, 12, 35)).toISOString(), new Date(Date.UTC(2025, 0, 31 + 29)).toISOString().slice(0, 10));
const next = new Date(d);
next.setUTCDate(next.getUTCDate() + 30);
next.setUTCHours(0, 0, 0, 0);
console.log(next.toISOString(), (next - d) / 86400000, next > d, Math.round((next.getTime() - d.getTime()) / 36e5));
console.log(new Date(NaN).getTime(), String(new Date("garbage")), isNaN(Date.parse("nope")), new Date(8.64e15 + 1).getTime(), typeof Date.now(), d instanceof Date);
console.log(d, [d], { when: new Date(0) }, d.toUTCString(), new Date(2025, 0, 5).getDate(), d.getTimezoneOffset(), d.toString());
const days = (a, b) => Math.floor((Date.parse(b) - Date.parse(a)) / 864e5);
console.log(days("2024-01-01", "2025-01-01"), new Date(Date.UTC(2024, 1, 29)).getUTCDate(), new Date("2025-06-15T12:00:00").toISOString(), d.valueOf() === +d);
try {
  new Date("x").toISOString();
} catch (error) {
  console.log(error.name);
}

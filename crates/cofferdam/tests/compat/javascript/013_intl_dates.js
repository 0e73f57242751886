// Intl.DateTimeFormat and date texts for en-US in UTC, simple cases.
const date = new Date(Date.UTC(2025, 2, 5, 14, 7, 9));
console.log(date.toLocaleDateString("en-US", { timeZone: "UTC" }), date.toLocaleTimeString("en-US", { timeZone: "UTC" }).replace(/\s/g, " "));
console.log(new Intl.DateTimeFormat("en-US", { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" }).format(date));
console.log(new Intl.DateTimeFormat("en-US", { year: "numeric", month: "short", day: "2-digit", timeZone: "UTC" }).format(date));
console.log(date.toLocaleDateString("en-US", { weekday: "long", timeZone: "UTC" }), date.toLocaleDateString("en-US", { month: "long", timeZone: "UTC" }));
console.log(date.toLocaleDateString("en-US", { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" }));
console.log(date.toLocaleDateString("en-US", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: "UTC" }));

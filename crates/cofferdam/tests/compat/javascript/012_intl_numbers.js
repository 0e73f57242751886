// Intl.NumberFormat and toLocaleString for en-US, simple cases.
console.log((1234567.891).toLocaleString("en-US"), (0).toLocaleString("en-US"), (-1234.5).toLocaleString("en-US"), (1e9).toLocaleString());
const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });
console.log(money.format(1234.5), money.format(-0.126), money.format(1e6));
console.log(new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 }).format(2.25), new Intl.NumberFormat("en-US", { minimumFractionDigits: 2 }).format(3));
console.log(new Intl.NumberFormat("en-US", { style: "percent" }).format(0.256), new Intl.NumberFormat("en-US", { style: "percent", maximumFractionDigits: 1 }).format(0.2567));
console.log((1234.5678).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 }), (12).toLocaleString("en-US", { minimumIntegerDigits: 4, useGrouping: false }));
console.log((99.5).toLocaleString("en-US", { style: "currency", currency: "EUR" }), [1, 2000].map((n) => n.toLocaleString()));

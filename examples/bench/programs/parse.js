const records = (count) => {
  // A generator of our own: the same text everywhere.
  let seed = 1;
  return Array.from({ length: count }, (_, i) => {
    seed = (seed * 48271) % 2147483647;
    return {
      id: i,
      customer: `customer-${seed % 5000}`,
      region: ["north", "east", "south", "west"][seed % 4],
      cents: seed % 100_000,
      paid: seed % 3 === 0,
      tags: seed % 2 ? ["new", "gift"] : [],
      note: "leave it with the neighbours",
    };
  });
};

const aggregate = (text) => {
  const paid = JSON.parse(text).filter((row) => row.paid && row.cents > 25_000);
  const totals = {};
  for (const row of paid) totals[row.region] = (totals[row.region] ?? 0) + row.cents;
  return { rows: paid.length, totals: Object.entries(totals).sort() };
};

const text = JSON.stringify(records(36_000));
const began = performance.now();
const answer = aggregate(text);
console.log(performance.now() - began);
console.log(text.length, JSON.stringify(answer));

// TypeScript as it is written elsewhere: interfaces, generics, Promise.all. Compares the months of two years.

interface Group {
  key: string;
  orders: number;
  total_cents: number;
}

interface Month {
  month: string;
  before: number;
  after: number;
  growth: string;
}

async function year(year: number): Promise<Group[]> {
  const { groups } = await orders.count_orders({
    group_by: "month",
    placed_from: `${year}-01-01`,
    placed_before: `${year + 1}-01-01`,
  });
  return groups as Group[];
}

function zip<A, B>(left: A[], right: B[]): [A, B][] {
  return left.map((item, at) => [item, right[at]] as [A, B]);
}

const [before, after] = await Promise.all([year(2024), year(2025)]);
const months: Month[] = zip(before, after).map(([a, b]) => ({
  month: a.key.slice(5),
  before: a.total_cents,
  after: b.total_cents,
  growth: `${Math.floor((b.total_cents * 100) / a.total_cents) - 100}%`,
}));
for (const { month, before, after, growth } of months) {
  console.log(month, String(before).padStart(10), String(after).padStart(10), growth.padStart(5));
}

const best = months.reduce((a, b) => (b.after > a.after ? b : a));
return { best: best.month, total: after.reduce((sum, group) => sum + group.total_cents, 0) };

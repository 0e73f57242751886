// Sorting is stable; comparators, undefined last, locale-free and by several keys.
const people = [["bob", 30], ["al", 25], ["cy", 30], ["di", 25], ["ed", 30]].map(([name, age]) => ({ name, age }));
console.log(people.sort((a, b) => a.age - b.age).map((p) => p.name).join(" "));
console.log(people.toSorted((a, b) => b.age - a.age || b.name.localeCompare(a.name)).map((p) => p.name).join(" "));
const many = Array.from({ length: 2000 }, (_, i) => ({ key: (i * 7919) % 13, i }));
many.sort((a, b) => a.key - b.key);
console.log(many.every((x, i) => i === 0 || many[i - 1].key < x.key || (many[i - 1].key === x.key && many[i - 1].i < x.i)));
console.log([3, undefined, 1, , 2].sort(), ["b", "a", "C", "B"].sort(), [true, false, 10, 9, "1"].sort());
console.log([3, 1, 2].sort(() => 0), ["é", "z", "a"].sort((a, b) => (a < b ? -1 : 1)));
try {
  [1, 2].sort("not a function");
} catch (error) {
  console.log(error.name);
}

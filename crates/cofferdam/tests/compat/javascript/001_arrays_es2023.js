// Arrays: the methods that copy, find from the end, flat, fill, copyWithin, holes.
const a = [3, 1, 2];
console.log(a.toSorted(), a.toReversed(), a.toSpliced(1, 1, "x"), a.with(0, 9), a);
console.log(a.findLast((x) => x < 3), a.findLastIndex((x) => x > 5), a.at(-1), a.includes(NaN), [NaN].includes(NaN), [NaN].indexOf(NaN));
console.log([1, [2, [3, [4]]]].flat(), [1, [2, [3, [4]]]].flat(Infinity), ["a b", "c"].flatMap((s) => s.split(" ")));
console.log(Array.from({ length: 3 }, (_, i) => i * i), Array.of(7), new Array(3), [1, , 3], Array.from("héy"), Array.isArray([]));
console.log([1, 2, 3, 4, 5].copyWithin(0, 3), new Array(3).fill(0), [5, 1, 4].sort(), [10, 9, 1].sort(), [10, 9, 1].sort((x, y) => x - y));
console.log([1, 2, 3].reduce((s, x) => s + x), [[1], [2]].reduceRight((s, x) => s.concat(x)), [1, 2, 3].some((x) => x > 2), [].every((x) => x));
console.log([..."ab"].entries().next(), [...["x", "y"].keys()], Object.entries(["p"]), [1, 2, 3].slice(-2), [1, 2, 3].splice(1), [1, 2].concat(3, [4, [5]]));
console.log([1, 2, 3].join("-"), [null, undefined, 1].join(), String([1, [2, 3]]), [3, 2, 1].lastIndexOf(2), [1, 2, 3].indexOf(3, -1), [].concat([]).length);
const sparse = [1, 2, 3];
sparse.length = 1;
sparse[3] = "end";
console.log(sparse, sparse.length, 2 in sparse, sparse.filter(() => true), sparse.map(String));
try {
  [].reduce((x) => x);
} catch (error) {
  console.log(error instanceof TypeError);
}

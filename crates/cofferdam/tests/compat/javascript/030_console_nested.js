// console.log of nested objects and arrays: line breaks, depth, lengths, quotes.
console.log({ a: 1, b: "two", c: [1, 2, 3], d: { e: { f: { g: 1 } } }, "with-dash": true, 5: null, u: undefined });
console.log([1, "two", [3, [4, [5, [6]]]], { a: [] }, {}, null, undefined, true]);
console.log([{ name: "first", value: 1, tags: ["a", "b"] }, { name: "second", value: 2, tags: [] }, { name: "third item with long text", value: 3, tags: ["c"] }]);
console.log({ text: "it's", other: 'say "hi"', both: `it's "both"`, newline: "a\nb", emoji: "😀", empty: "" });
console.log("plain", 'it\'s "q"', ["it's"], [["x"]], -0, [-0], 1e21, 0.1, [1.5, -2], 10n, [10n]);
console.log(Array.from({ length: 120 }, (_, i) => i));
console.log(Array.from({ length: 8 }, (_, i) => `item number ${i}`), ["a".repeat(80)], Array(5), [1, , , 4]);
console.log({ id: 1, name: "a name that is rather long", description: "a description that is longer than the line", n: 5 });
console.log([[1, 2], [3, 4]], [[]], [{}], { a: {} , b: [] }, [undefined, null], [[[[]]]], { a: { b: { c: {} } } }, { a: { b: { c: { d: 1 } } } });
console.log();
console.log("");
console.log("a\tb", "%", 100, "%d", 5);

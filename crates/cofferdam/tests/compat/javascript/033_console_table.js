// console.table of arrays of objects, arrays of arrays, objects, maps, with chosen columns.
console.table([{ name: "kettle", price: 89 }, { name: "lamp", price: 8.5, note: "new" }]);
console.table([["a", 1], ["b", 2]]);
console.table([1, "two", { three: 3 }]);
console.table({ first: { x: 1, y: 2 }, second: { x: 3 } });
console.table([{ a: 1, b: 2 }, { a: 3, b: 4 }], ["b"]);
console.table([]);
console.table("not tabular");
console.table([[1, [2, 3]], [{ k: "v" }, null]]);

// Symbols: iterator, toPrimitive, hasInstance, description, registry; iterators of our own.
const range = {
  from: 1,
  to: 4,
  [Symbol.iterator]() {
    let at = this.from;
    const { to } = this;
    return { next: () => (at <= to ? { value: at++, done: false } : { value: undefined, done: true }), return: () => (console.log("stopped"), { done: true }) };
  },
};
console.log([...range], Math.max(...range), Array.from(range, (x) => x * 2), new Set(range).size);
for (const x of range) if (x === 2) break;
const [one] = range;
const money = {
  [Symbol.toPrimitive]: (hint) => (hint === "number" ? 42 : hint === "string" ? "42 EUR" : "default"),
};
console.log(+money, `${money}`, money + "", money * 2, one);
class Even {
  static [Symbol.hasInstance](n) {
    return n % 2 === 0;
  }
}
console.log(4 instanceof Even, 3 instanceof Even, Symbol("d").description, Symbol.for("k") === Symbol.for("k"), Symbol.keyFor(Symbol.for("k")), typeof Symbol());
const hidden = Symbol("hidden");
const object = { [hidden]: 1, visible: 2 };
console.log(object, Object.keys(object), Object.getOwnPropertySymbols(object).length, JSON.stringify(object), hidden in object);
console.log({ [Symbol.toStringTag]: "Tagged" }.toString(), [].concat({ length: 1, 0: "spread", [Symbol.isConcatSpreadable]: true }), Symbol.iterator.toString());

// console.log of functions, classes, symbols, dates, expressions, maps, sets, boxed values, accessors.
class Point {
  constructor(x) {
    this.x = x;
  }
}
class Empty {}
console.log(new Point(1), [new Point(2)], new Empty(), Point, function named() {}, () => {}, [function f() {}, class {}, async () => {}, function* g() {}]);
console.log(Symbol("s"), [Symbol.iterator], /x\/y/gi, [/a/], new Map([["a", 1], [{ k: 1 }, [2]]]), new Set(["x", { y: 1 }]), new Map(), new Set());
console.log({ m: new Map([["k", new Set([1])]]), d: new Date(0), r: /r/, f() {}, g: () => {}, n: null, s: Symbol("q") });
console.log({ get a() { return 1; }, set a(v) {}, get b() { return 2; }, set c(v) {} }, Object.create(null), Object.create({ inherited: 1 }));
console.log(new Number(5), new String("box"), new Boolean(false), [new String("x")], Object(1n), Math.max, Promise.resolve(4), new Uint8Array(3));
const loop = { name: "loop" };
loop.self = loop;
console.log(loop, globalThis === globalThis, typeof globalThis, new WeakMap() instanceof WeakMap, NaN, Infinity, [NaN, -Infinity]);
console.log([new Date(NaN)], [new Date(1e12)], { [Symbol("key")]: 1, normal: 2 }, Object.assign(() => {}, { prop: 1 }), Object.assign([1, 2], { extra: true }));
console.log(JSON, Math, Reflect === Object(Reflect), [Number, String], new (class extends Map {})([[1, 2]]), new (class Stack extends Array {})(1, 2));

// Prototype chains, mixins, super in objects, accessors and statics by inheritance, new.target.
const Serializable = (Base) => class extends Base {
  serialize() {
    return JSON.stringify(this);
  }
};
const Named = (Base) => class extends Base {
  get title() {
    return `«${this.name}»`;
  }
};
class Thing {
  constructor(name) {
    this.name = name;
    this.kind = new.target.name;
  }
  static create(...args) {
    return new this(...args);
  }
  static kinds = ["thing"];
}
class Gadget extends Named(Serializable(Thing)) {
  static kinds = [...super.kinds, "gadget"];
}
const g = Gadget.create("phone");
console.log(g.serialize(), g.title, Gadget.kinds, g instanceof Thing, Object.keys(g));
const base = { hi() { return "base hi"; } };
const derived = { __proto__: base, hi() { return super.hi() + "!"; } };
console.log(derived.hi(), Object.getOwnPropertyNames(Gadget.prototype), "title" in g, Object.hasOwn(g, "title"));
class List extends Array {
  sum() {
    return this.reduce((a, b) => a + b, 0);
  }
}
const list = List.from([1, 2, 3]);
console.log(list.sum(), list.map((x) => x * 2) instanceof List, list.length, list.filter((x) => x > 1).sum());
class Stack {
  #items = [];
  push(...xs) {
    this.#items.push(...xs);
    return this;
  }
  pop() {
    return this.#items.pop();
  }
  get size() {
    return this.#items.length;
  }
  *[Symbol.iterator]() {
    yield* [...this.#items].reverse();
  }
}
const stack = new Stack().push(1, 2, 3);
console.log(stack.pop(), stack.size, [...stack], JSON.stringify(stack));
function Old(x) {
  if (!new.target) return new Old(x);
  this.x = x;
}
Old.prototype.twice = function () {
  return this.x * 2;
};
console.log(Old(4).twice(), new Old(2) instanceof Old, Old.prototype.constructor === Old);

// Classes: private fields and methods, static blocks, accessors, inheritance, instanceof, species of errors.
class Account {
  static #count = 0;
  static names = [];
  #balance = 0;
  owner;
  static {
    Account.names.push("ready");
  }
  constructor(owner) {
    this.owner = owner;
    Account.#count++;
  }
  static get count() {
    return Account.#count;
  }
  get balance() {
    return this.#balance;
  }
  set balance(value) {
    if (value < 0) throw new RangeError("no debts");
    this.#balance = value;
  }
  #log(text) {
    return `${this.owner}: ${text}`;
  }
  deposit(amount) {
    this.balance += amount;
    return this.#log(`+${amount}`);
  }
  static isAccount(x) {
    return #balance in x;
  }
  ["computed" + 1]() {
    return "computed";
  }
  toString() {
    return `Account(${this.owner})`;
  }
  arrow = () => this.owner;
}
class Savings extends Account {
  rate = 0.02;
  constructor(owner) {
    super(owner);
  }
  deposit(amount) {
    return super.deposit(amount) + "!";
  }
  get [Symbol.toStringTag]() {
    return "Savings";
  }
}
const s = new Savings("ann");
console.log(s.deposit(5), s.balance, Account.count, Account.names, Account.isAccount(s), Account.isAccount({}), `${s}`);
console.log(s instanceof Account, Object.prototype.toString.call(s), s.computed1(), (0, s.arrow)(), Savings.name, Savings.length, Object.getPrototypeOf(Savings) === Account);
console.log(Object.keys(s), typeof Account, s.constructor.name, class {}.name === "", new (class Foo {})());
for (const bad of [() => (s.balance = -1), () => Account(), () => s.nothing(), () => new (class extends Account { constructor() {} })()]) {
  try {
    bad();
  } catch (error) {
    console.log(error.name);
  }
}

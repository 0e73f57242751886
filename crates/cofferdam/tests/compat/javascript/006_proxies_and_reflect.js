// Proxy traps and Reflect.
const log = [];
const target = { a: 1, b: 2 };
const proxy = new Proxy(target, {
  get(object, key, receiver) {
    log.push(`get ${String(key)}`);
    return key in object ? Reflect.get(object, key, receiver) : `no ${String(key)}`;
  },
  set(object, key, value) {
    if (typeof value !== "number") throw new TypeError(`${key} must be a number`);
    return Reflect.set(object, key, value * 2);
  },
  has: (object, key) => key.startsWith("a"),
  deleteProperty(object, key) {
    log.push(`delete ${key}`);
    return delete object[key];
  },
  ownKeys: (object) => [...Reflect.ownKeys(object), "virtual"],
  getOwnPropertyDescriptor: (object, key) => ({ value: object[key] ?? "v", enumerable: true, configurable: true }),
});
console.log(proxy.a, proxy.zzz, "a" in proxy, "b" in proxy, Object.keys(proxy));
proxy.c = 5;
delete proxy.b;
console.log(target, log);
try {
  proxy.d = "x";
} catch (error) {
  console.log(error.message);
}
const callable = new Proxy(function (x) {}, { apply: (f, self, args) => args.length, construct: (f, args) => ({ made: args }) });
console.log(callable(1, 2, 3), new callable("n"), typeof callable);
console.log(Reflect.ownKeys({ b: 1, 2: 1, a: 1, [Symbol("s")]: 1, 1: 1 }), Reflect.apply(Math.max, null, [1, 3]), Reflect.construct(Date, [0]).getTime());
const { proxy: revocable, revoke } = Proxy.revocable({}, {});
revoke();
try {
  revocable.x;
} catch (error) {
  console.log(error.name);
}
const negative = new Proxy([10, 20, 30], { get: (t, k, r) => (/^-\d+$/.test(String(k)) ? t[t.length + Number(k)] : Reflect.get(t, k, r)) });
console.log(negative[-1], negative.length, negative[0]);

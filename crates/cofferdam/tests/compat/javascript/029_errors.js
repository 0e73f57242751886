// Errors: causes, own classes, finally, names, messages, aggregate, rethrow, stack as text.
class ShopError extends Error {
  constructor(code, message, options) {
    super(message, options);
    this.name = "ShopError";
    this.code = code;
  }
}
function load() {
  try {
    JSON.parse("{");
  } catch (error) {
    throw new ShopError(7, "cannot load", { cause: error });
  }
}
try {
  load();
} catch (error) {
  console.log(error.name, error.code, error.message, error.cause.name, error instanceof ShopError, error instanceof Error, String(error), Object.keys(error));
}
const order = [];
const f = () => {
  try {
    order.push("try");
    return "from try";
  } finally {
    order.push("finally");
  }
};
console.log(f(), order);
for (const bad of [() => null.x, () => undefinedName, () => (1)(), () => new Array(-1), () => "x".repeat(-1), () => decodeURI("%"), () => (1).toFixed(101), () => eval("("), () => { throw "text"; }, () => { throw { custom: 1 }; }]) {
  try {
    bad();
  } catch (error) {
    console.log(error?.name ?? error, error instanceof Error);
  }
}
const group = new AggregateError([new Error("a"), new TypeError("b")], "several");
console.log(group.message, group.errors.map(String), new Error("m").toString(), typeof new Error("s").stack, new Error("x", { cause: 0 }).cause, "cause" in new Error("y"));
try {
  try {
    throw new Error("inner");
  } finally {
    console.log("cleaning");
  }
} catch ({ message }) {
  console.log(message);
}
await Promise.reject(new ShopError(1, "async")).catch((e) => console.log(`${e}`));
try {
  await (async () => {
    throw new RangeError("thrown in async");
  })();
} catch (e) {
  console.log(e.message);
}

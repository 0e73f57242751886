// A tokenizer, a parser and an evaluator; a template engine; a path router: programs with many small functions.
const tokenize = (text) => [...text.matchAll(/\s*(?:(\d+\.?\d*)|([a-z]\w*)|(\*\*|[-+*\/()=,]))/gy)].map(([, n, id, op]) => (n ? { n: +n } : id ? { id } : { op }));
function evaluate(text, env = {}) {
  const tokens = tokenize(text);
  let at = 0;
  const peek = () => tokens[at]?.op;
  const expect = (op) => {
    if (tokens[at++]?.op !== op) throw new SyntaxError(`expected ${op}`);
  };
  const primary = () => {
    const t = tokens[at++];
    if (t === undefined) throw new SyntaxError("unexpected end");
    if (t.n !== undefined) return t.n;
    if (t.op === "-") return -power();
    if (t.op === "(") {
      const v = sum();
      expect(")");
      return v;
    }
    if (t.id && peek() === "(") {
      at++;
      const args = [];
      while (peek() !== ")") {
        args.push(sum());
        if (peek() === ",") at++;
      }
      expect(")");
      return Math[t.id](...args);
    }
    if (t.id in env) return env[t.id];
    throw new ReferenceError(`no ${t.id ?? t.op}`);
  };
  const power = () => {
    const left = primary();
    return peek() === "**" ? (at++, left ** power()) : left;
  };
  const product = () => {
    let v = power();
    while (peek() === "*" || peek() === "/") v = tokens[at++].op === "*" ? v * power() : v / power();
    return v;
  };
  const sum = () => {
    let v = product();
    while (peek() === "+" || peek() === "-") v = tokens[at++].op === "+" ? v + product() : v - product();
    return v;
  };
  return sum();
}
console.log(["1 + 2 * 3", "(1+2)*3", "-2 ** 2", "2 ** 3 ** 2", "max(1, 2 * x, 3) / 4", "7 - 2 - 1"].map((t) => evaluate(t, { x: 5 })));
for (const bad of ["1 +", "(1", "y * 2"]) {
  try {
    evaluate(bad);
  } catch (error) {
    console.log(error.name, error.message);
  }
}
const route = (pattern) => {
  const regex = new RegExp(`^${pattern.replace(/:(\w+)/g, "(?<$1>[^/]+)").replace("*", "(?<rest>.*)")}$`);
  return (path) => path.match(regex)?.groups ?? null;
};
console.log({ ...route("/users/:id/posts/:post")("/users/7/posts/abc") }, route("/a")("/b"), { ...route("/files/*")("/files/x/y") });

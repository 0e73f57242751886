// Declarations at the top level: functions before use, shadowing, blocks, names that other hosts take, unusual identifiers.
console.log(before(2), typeof later);
function before(x) {
  return x * base();
}
function base() {
  return 21;
}
var later = 1;
const name = "name", status = "status", event = "event", self = 1, window = undefined, process2 = 2, exports2 = {}, $ = "dollar", _ = "underscore", ünïcode = "identifier", print = (x) => x;
{
  const name = "inner";
  function scoped() {
    return name;
  }
  console.log(name, scoped());
}
console.log(name, status, event, self, window, $, _, ünïcode, print(5), typeof undefinedThing);
let a = 1;
{
  let a = 2;
  {
    let a = 3;
    console.log(a);
  }
  console.log(a);
}
console.log(a, ((a) => a + 1)(10), [1, 2].map((a) => a * 2));
const async = "async", of = "of", get = "get", set = "set", from = "from", as = "as", type = "type", let2 = 1;
for (const of of [1]) console.log(of);
console.log({ async, of, get, set, from, as, type, class: "class", new: "new", default: "default" }.class, { if: 1 }.if);

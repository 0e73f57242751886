// Loops: labels, for-in, for-of, switch fall-through, comma, do-while.
const found = [];
outer: for (let i = 0; i < 4; i++) {
  for (let j = 0; j < 4; j++) {
    if (j === 2) continue outer;
    if (i === 2) break outer;
    found.push(`${i}${j}`);
  }
}
console.log(found.join(" "));
block: {
  if (found.length) break block;
  console.log("not reached");
}
for (const key in Object.assign(Object.create({ inherited: 1 }), { b: 1, 2: 1, a: 1, 1: 1 })) console.log(key);
for (const c of "añ😀") console.log(c);
for (var i = 0, fs = []; i < 3; i++) fs.push(() => i);
for (let j = 0; j < 3; j++) fs.push(() => j);
console.log(fs.map((f) => f()));
let k = 0;
do k += 2;
while (k < 5);
console.log(k, (1, 2, 3), void 0, k > 5 ? "big" : "small");
const kind = (x) => {
  switch (typeof x) {
    case "number":
    case "bigint":
      return "numeric";
    case "string": {
      const upper = x.toUpperCase();
      return upper;
    }
    default:
      return "other";
  }
};
console.log(kind(1), kind(1n), kind("s"), kind(null));
switch (3) {
  default:
    console.log("default");
  case 1:
    console.log("falls");
    break;
  case 2:
    console.log("no");
}

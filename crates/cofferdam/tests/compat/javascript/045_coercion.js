// Coercion, equality, operators at their corners.
console.log([] + [], [] + {}, 1 + null, 1 + undefined, "5" + 5, "5" * "2", true + true, [1] == 1, [1, 2] == "1,2", {} == "[object Object]", null >= 0, undefined == 0, NaN != NaN);
console.log(typeof NaN, typeof [], typeof null, typeof class {}, typeof undefined, typeof Symbol.iterator, void 0 === undefined, !!"false", !!"", !!"0", !![], +[], +{}, +[5], -"3");
console.log([10, 1, 3].sort(), ["1", "2", "3"].map(parseInt), [0, -0, NaN].map((x) => Object.is(x, 0)), 0.1 + 0.2 === 0.3, 9007199254740992 === 9007199254740993, "b" > "a", "B" > "a", [2] > 1);
console.log(String([]), String({}), String([null]), String([[1, 2], 3]), `${[]}`, Number([]), Number({}), Number("  "), Number(new Date(5)), Boolean([]), [] instanceof Object, parseInt(null), Math.max([]), Math.max([3]));
let i = 5;
console.log(i++ + ++i, i, i--, (-i) ** 2, 2 ** 3 ** 2);
const o = { valueOf: () => 10, toString: () => "text" };
console.log(o + 1, `${o}`, o > 9, o == 10, [o] + "", JSON.stringify({ k: o }), 1 < 2 < 3, 3 > 2 > 1, "2" > "12", null ?? (undefined || "x"), (0, 5));
console.log([..."ab"] + "", [1, [2, [3]]].toString(), [undefined, null, 1] + "", ({}).toString(), (() => 1).toString(), (123.0).toString(), 0.1.toFixed(20), (25).toString(36), 1e3.toString());

// TypeScript: overloads, type guards, discriminated unions, assertion functions, never, unknown, in, instanceof.
function parse(value: string): number;
function parse(value: number): string;
function parse(value: string | number): number | string {
  return typeof value === "string" ? Number(value) : value.toFixed(1);
}
type Shape = { kind: "circle"; r: number } | { kind: "square"; side: number } | { kind: "rect"; w: number; h: number };
const area = (shape: Shape): number => {
  switch (shape.kind) {
    case "circle":
      return Math.round(Math.PI * shape.r ** 2);
    case "square":
      return shape.side ** 2;
    case "rect":
      return shape.w * shape.h;
    default: {
      const never: never = shape;
      throw new Error(`unknown ${JSON.stringify(never)}`);
    }
  }
};
const isString = (x: unknown): x is string => typeof x === "string";
function assertNumber(x: unknown): asserts x is number {
  if (typeof x !== "number") throw new TypeError(`not a number: ${String(x)}`);
}
const describe = (x: unknown): string => {
  if (x === null) return "null";
  if (Array.isArray(x)) return `array of ${x.length}`;
  if (x instanceof Date) return x.toISOString();
  if (typeof x === "object" && "name" in x! && isString((x as { name: unknown }).name)) return `named ${(x as { name: string }).name}`;
  return typeof x;
};
console.log(parse("4") + 1, parse(2), [{ kind: "circle", r: 2 } as const, { kind: "rect", w: 2, h: 3 } as const].map(area));
console.log([null, [1], new Date(0), { name: "n" }, { name: 1 }, () => 1].map(describe), (["a", 1, "b"] as unknown[]).filter(isString));
for (const value of [1, "x"] as unknown[]) {
  try {
    assertNumber(value);
    console.log(value.toFixed(2));
  } catch (error: unknown) {
    if (error instanceof Error) console.log(error.message);
  }
}
try {
  area({ kind: "blob" } as unknown as Shape);
} catch (error) {
  console.log((error as Error).message);
}

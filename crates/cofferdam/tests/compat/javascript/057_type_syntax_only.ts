// TypeScript syntax that must vanish: type-only imports and exports apart, casts, this-parameters, optional members, satisfies chains.
type A = { readonly [K in "x" | "y"]-?: number };
interface Callable { (x: number): string; new (x: string): Date; readonly version?: string }
declare global { interface Array<T> { notReally?: T } }
function scaled(this: { factor: number }, value: number, ...rest: [times?: number]): number {
  return this.factor * value * (rest[0] ?? 1);
}
const identity = <const T,>(value: T): T => value;
const point = { x: 1, y: 2 } satisfies A as A;
let definite!: string;
definite = "assigned";
const tuple = identity(["a", 1] as const);
let union: string | number | undefined = tuple[1] as number | undefined;
const object = { method<T>(this: { n: number }, x: T): T | number { return this.n > 1 ? this.n : x; }, n: 2 };
abstract class Unused<in out T> { abstract value: T; private constructor(protected x?: number | null) {} }
const optional = (a?: number, b: number = 2, c?: string): string => [a, b, c].join("/");
console.log(scaled.call({ factor: 2 }, 3), scaled.call({ factor: 2 }, 3, 10), point.x, definite, tuple, union!, object.method("x"), optional(), optional(1, undefined, "z"), typeof Unused);
for (const [key, value] of Object.entries(point) as [keyof A, number][]) console.log(key, value as any as string);
label: for (const x of [1, 2] as number[]) { if (x < 2) continue label; console.log(<any>x); }

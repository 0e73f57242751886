// TypeScript: Partial, Pick, Omit, Readonly, Record, ReturnType, Awaited, recursive and conditional types.
interface User { id: number; name: string; address: { city: string; zip?: string } }
type DeepPartial<T> = { [K in keyof T]?: T[K] extends object ? DeepPartial<T[K]> : T[K] };
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Result<T, E = Error> = { ok: true; value: T } | { ok: false; error: E };
const patch = (user: User, change: DeepPartial<User>): User => ({ ...user, ...change, address: { ...user.address, ...change.address } });
const user: Readonly<User> = { id: 1, name: "Ann", address: { city: "Bonn" } };
const summary: Omit<User, "address"> & Partial<Pick<User, "address">> = { id: 2, name: "Bo" };
const depth = (value: Json): number => (value !== null && typeof value === "object" ? 1 + Math.max(0, ...Object.values(value).map((v) => depth(v as Json))) : 0);
async function load(): Promise<Result<User[]>> {
  return { ok: true, value: [user] };
}
type Loaded = Awaited<ReturnType<typeof load>>;
const attempt = <T>(f: () => T): Result<T> => {
  try {
    return { ok: true, value: f() };
  } catch (error) {
    return { ok: false, error: error as Error };
  }
};
const loaded: Loaded = await load();
console.log(patch(user, { address: { zip: "53111" } }), summary, depth({ a: [1, { b: null }] }), loaded.ok && loaded.value.length);
const failed = attempt<Json>(() => JSON.parse("{"));
console.log(attempt(() => 5), failed.ok, !failed.ok && failed.error.name);

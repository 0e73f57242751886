// TypeScript: typed promises, async generators, generics in callbacks, optional chaining, non-null assertions.
type Task<T> = () => Promise<T>;
const sleep = (ms: number): Promise<void> => new Promise<void>((resolve) => setTimeout(resolve, ms));
async function all<T>(tasks: Task<T>[], limit = 2): Promise<T[]> {
  const results: T[] = new Array<T>(tasks.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < tasks.length; at = next++) results[at] = await tasks[at]!();
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
async function* pages<T>(items: readonly T[], size: number): AsyncGenerator<T[], number, undefined> {
  for (let at = 0; at < items.length; at += size) {
    await sleep(1);
    yield items.slice(at, at + size);
  }
  return items.length;
}
interface Cache<K extends PropertyKey, V> { get(key: K): V | undefined; put?(key: K, value: V): void }
const store = new Map<string, number>();
const cache: Cache<string, number> = { get: (key) => store.get(key) };
cache.put?.("a", 1);
console.log(await all([3, 1, 2].map((n): Task<number> => async () => (await sleep(n), n * 10))), cache.get("a")?.toFixed(1), cache.get("b") ?? "none");
const seen: string[][] = [];
for await (const page of pages(["a", "b", "c"], 2)) seen.push(page);
console.log(seen);
const [settled]: PromiseSettledResult<string>[] = await Promise.allSettled([Promise.reject<string>(new Error("no"))]);
console.log(settled!.status, settled!.status === "rejected" ? (settled.reason as Error).message : settled!.value);

// TypeScript: interfaces, generics with constraints and defaults, keyof, mapped and conditional types.
interface Named { readonly name: string; nick?: string }
interface Person extends Named { age: number; tags: string[]; [extra: string]: unknown }
type Keys<T> = { [K in keyof T as `get_${string & K}`]: () => T[K] };
type Elem<T> = T extends (infer U)[] ? U : never;

function pluck<T, K extends keyof T>(items: T[], key: K): T[K][] {
  return items.map((item) => item[key]);
}
const groupBy = <T, K extends string | number = string>(items: readonly T[], key: (item: T) => K): Partial<Record<K, T[]>> =>
  items.reduce((groups, item) => {
    (groups[key(item)] ??= []).push(item);
    return groups;
  }, {} as Partial<Record<K, T[]>>);

class Box<T extends { toString(): string }> {
  constructor(private readonly value: T) {}
  map<U extends { toString(): string }>(f: (value: T) => U): Box<U> {
    return new Box(f(this.value));
  }
  toString = (): string => `Box(${this.value})`;
}

const people: Person[] = [
  { name: "Ann", age: 30, tags: ["a"] },
  { name: "Bo", age: 25, tags: [], nick: "B" },
  { name: "Cy", age: 30, tags: ["b", "c"] },
];
const first: Elem<typeof people> = people[0]!;
const getters: Pick<Keys<Named>, "get_name"> = { get_name: () => first.name };
console.log(pluck(people, "name"), groupBy(people, (p) => p.age), `${new Box(2).map((n) => n * 21).map(String)}`, getters.get_name());
console.log((<number>(5 as unknown)) + 1, people.map(({ nick = "-" }: Person) => nick));

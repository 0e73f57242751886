// TypeScript: satisfies, as const, literal types, template literal types, tuples.
const config = { host: "localhost", port: 8080, tags: ["a", "b"] } as const satisfies { host: string; port: number; tags: readonly string[] };
type Port = (typeof config)["port"];
const port: Port = 8080;
const routes = { home: "/", item: "/item/:id" } satisfies Record<string, `/${string}`>;
type Route = keyof typeof routes;
const visit = (route: Route): string => routes[route].replace(":id", "7");
const sizes = ["s", "m", "l"] as const;
type Size = (typeof sizes)[number];
const rank = (size: Size): number => sizes.indexOf(size);
type Pair = [left: string, right?: number, ...rest: boolean[]];
const pair: Pair = ["x", 1, true, false];
const [left, right = 0, ...rest] = pair;
type Event = `${"on" | "off"}${Capitalize<"click" | "key">}`;
const handlers: { [K in Event]?: () => string } = { onClick: () => "clicked" };
console.log(port, visit("item"), visit("home"), rank("m"), left, right, rest, handlers.onClick?.(), handlers.offKey?.() ?? "nothing", config.tags.length);

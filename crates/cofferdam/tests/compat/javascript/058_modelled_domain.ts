// TypeScript as models write it: a small inventory with types, validation, reporting.
type Sku = string & { readonly brand: unique symbol };
interface Item { sku: Sku; name: string; qty: number; price: number; tags?: string[] }
type Event = { type: "added"; item: Item } | { type: "sold"; sku: Sku; qty: number } | { type: "repriced"; sku: Sku; price: number };
class InventoryError extends Error {
  constructor(readonly code: "unknown" | "short", message: string) {
    super(message);
    this.name = new.target.name;
  }
}
const sku = (text: string): Sku => {
  if (!/^[A-Z]{3}-\d{3}$/.test(text)) throw new InventoryError("unknown", `bad sku ${text}`);
  return text as Sku;
};
class Inventory {
  private readonly items = new Map<Sku, Item>();
  private log: Event[] = [];
  apply(event: Event): this {
    switch (event.type) {
      case "added":
        this.items.set(event.item.sku, { ...event.item });
        break;
      case "sold": {
        const item = this.find(event.sku);
        if (item.qty < event.qty) throw new InventoryError("short", `${item.name}: ${item.qty} < ${event.qty}`);
        item.qty -= event.qty;
        break;
      }
      case "repriced":
        this.find(event.sku).price = event.price;
    }
    this.log.push(event);
    return this;
  }
  private find(key: Sku): Item {
    const item = this.items.get(key);
    if (item === undefined) throw new InventoryError("unknown", key);
    return item;
  }
  get value(): number {
    return [...this.items.values()].reduce((sum, { qty, price }) => sum + qty * price, 0);
  }
  report(): Record<string, { qty: number; value: string }> {
    return Object.fromEntries([...this.items].map(([key, { qty, price }]) => [key, { qty, value: (qty * price).toFixed(2) }]));
  }
  get events(): readonly Event["type"][] {
    return this.log.map((e) => e.type);
  }
}
const stock = new Inventory()
  .apply({ type: "added", item: { sku: sku("COF-001"), name: "Dripper", qty: 10, price: 24.5 } })
  .apply({ type: "added", item: { sku: sku("OFF-003"), name: "Lamp", qty: 2, price: 84.9, tags: ["new"] } })
  .apply({ type: "sold", sku: sku("COF-001"), qty: 3 })
  .apply({ type: "repriced", sku: sku("OFF-003"), price: 79 });
console.log(stock.report(), stock.value, stock.events);
for (const bad of [() => sku("x"), () => stock.apply({ type: "sold", sku: sku("OFF-003"), qty: 9 }), () => stock.apply({ type: "sold", sku: sku("ZZZ-999"), qty: 1 })]) {
  try {
    bad();
  } catch (error) {
    if (error instanceof InventoryError) console.log(error.name, error.code, error.message);
  }
}

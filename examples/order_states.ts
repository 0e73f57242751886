// Enums, unions, type guards and an exhaustive switch: TypeScript that is more than annotations to be erased.

enum Stage {
  Open = "open",
  Done = "done",
  Lost = "lost",
}

type Status = "pending" | "processing" | "shipped" | "delivered" | "cancelled" | "returned";

const statuses = ["pending", "processing", "shipped", "delivered", "cancelled", "returned"] as const satisfies readonly Status[];

function isStatus(text: string): text is Status {
  return (statuses as readonly string[]).includes(text);
}

function stage(status: Status): Stage {
  switch (status) {
    case "pending":
    case "processing":
    case "shipped":
      return Stage.Open;
    case "delivered":
      return Stage.Done;
    case "cancelled":
    case "returned":
      return Stage.Lost;
    default: {
      const never: never = status;
      throw new Error(`not a status: ${never}`);
    }
  }
}

const { groups } = await orders.count_orders({ group_by: "status" });
const totals: Record<Stage, number> = { [Stage.Open]: 0, [Stage.Done]: 0, [Stage.Lost]: 0 };
for (const { key, orders: count } of groups) {
  if (isStatus(key)) totals[stage(key)] += count;
}
console.log(Object.values(Stage).join(" "));
return totals;

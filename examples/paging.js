// Follows cursors through a long list without keeping it, with an async generator.
async function* all(filter) {
  let cursor;
  do {
    const page = await orders.list_orders({ ...filter, limit: 500, ...(cursor && { cursor }) });
    yield* page.orders;
    cursor = page.next_cursor;
  } while (cursor);
}

let count = 0;
let largest = { total_cents: 0 };
for await (const order of all({ status: "returned" })) {
  count += 1;
  if (order.total_cents > largest.total_cents) largest = order;
}
console.log(`${count} orders came back`);
return largest;

//! The order desk: orders, products, exchange rates. Reads, and one write that cannot be undone.

use std::time::Duration;

use rmcp::{
    ErrorData, Json, RoleServer, ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    model::{CallToolRequestParams, CallToolResponse, Implementation, ServerCapabilities, ServerConfig},
    schemars::{self, JsonSchema},
    service::RequestContext,
    tool, tool_handler, tool_router,
};
use rusqlite::{Connection, OptionalExtension, named_params};
use serde::{Deserialize, Serialize};

use crate::{
    Db, call_late,
    data::NOW,
    page::{Page, check_date, without_null_defaults},
    rows::{Order, Product},
};

/// `slow_report` waits no longer than this, so that a mistaken argument cannot hold a client for hours.
const MAX_DELAY_MS: u32 = 60_000;

pub(crate) struct Orders {
    db: Db,
    latency: Duration,
    router: ToolRouter<Self>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Status {
    Pending,
    Processing,
    Shipped,
    Delivered,
    Cancelled,
    Returned,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }
}

// `schemars(with)`: an argument that may be left out is absent, never null; some clients cannot read a list of types.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = without_null_defaults)]
struct ListOrders {
    /// Only orders in this state.
    #[schemars(with = "Status")]
    status: Option<Status>,
    /// Only orders of this customer.
    #[schemars(with = "u32")]
    customer_id: Option<u32>,
    /// Only orders of this product.
    #[schemars(with = "u32")]
    product_id: Option<u32>,
    /// Only orders placed on this day (UTC) or later, for example 2025-01-01.
    #[schemars(with = "String")]
    placed_from: Option<String>,
    /// Only orders placed before this day (UTC), for example 2025-02-01.
    #[schemars(with = "String")]
    placed_before: Option<String>,
    /// Only orders of at least this many US cents.
    #[schemars(with = "u32")]
    min_total_cents: Option<u32>,
    /// At most this many orders, 1 to 50000; 100 when left out.
    #[schemars(with = "u32", range(min = 1, max = 50000))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(with = "String")]
    cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct OrderPage {
    /// Oldest first; ids grow with time.
    orders: Vec<Order>,
    /// How many orders match on all pages together.
    total: u32,
    /// Present when there are more: the `cursor` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    next_cursor: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OrderId {
    /// The order's number, for example 100001.
    id: u32,
}

#[derive(Serialize, JsonSchema)]
struct OrderDetail {
    #[serde(flatten)]
    order: Order,
    product: Product,
    discount_percent: u32,
    /// The currency that the customer paid in.
    currency: String,
    /// What the customer paid, in hundredths of that currency.
    charged_cents: i64,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum GroupBy {
    Status,
    Month,
    Category,
}

impl GroupBy {
    fn column(self) -> &'static str {
        match self {
            Self::Status => "o.status",
            Self::Month => "substr(o.placed_at, 1, 7)",
            Self::Category => "p.category",
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = without_null_defaults)]
struct CountOrders {
    group_by: GroupBy,
    /// Only orders placed on this day (UTC) or later, for example 2025-01-01.
    #[serde(default)]
    #[schemars(with = "String")]
    placed_from: Option<String>,
    /// Only orders placed before this day (UTC), for example 2025-02-01.
    #[serde(default)]
    #[schemars(with = "String")]
    placed_before: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct OrderCounts {
    /// In the order of their keys.
    groups: Vec<Group>,
}

#[derive(Serialize, JsonSchema)]
struct Group {
    key: String,
    orders: u32,
    total_cents: i64,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = without_null_defaults)]
struct ListProducts {
    /// Coffee, Kitchen, Office, Home or Outdoor; all when left out.
    #[schemars(with = "String")]
    category: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Products {
    products: Vec<Product>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CancelOrder {
    /// The order's number.
    id: u32,
    /// Why; the customer reads it.
    reason: String,
}

#[derive(Serialize, JsonSchema)]
struct Cancelled {
    id: u32,
    /// The state that the order was in before.
    was: String,
    cancelled_at: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SlowReport {
    /// How long the report takes, in milliseconds; more than 60000 counts as 60000.
    delay_ms: u32,
}

#[derive(Serialize, JsonSchema)]
struct Report {
    waited_ms: u32,
    orders: u32,
    total_cents: i64,
}

#[tool_router]
impl Orders {
    pub(crate) fn new(db: Connection, latency: Duration) -> Self {
        Self { db: Db::new(db), latency, router: Self::tool_router() }
    }

    /// Lists orders, oldest first, optionally filtered by state, customer, product, day and amount.
    #[tool(title = "List orders", annotations(read_only_hint = true, open_world_hint = false))]
    async fn list_orders(&self, Parameters(args): Parameters<ListOrders>) -> Result<Json<OrderPage>, String> {
        let page = Page::new(args.limit, args.cursor.as_deref())?;
        check_date("placed_from", args.placed_from.as_deref())?;
        check_date("placed_before", args.placed_before.as_deref())?;
        let filter = named_params! {
            ":status": args.status.map(Status::name), ":customer": args.customer_id, ":product": args.product_id,
            ":least": args.min_total_cents, ":from": args.placed_from, ":before": args.placed_before,
        };
        let matches = "(:status IS NULL OR status = :status) AND (:customer IS NULL OR customer_id = :customer)
            AND (:product IS NULL OR product_id = :product) AND (:least IS NULL OR total_cents >= :least)
            AND (:from IS NULL OR placed_at >= :from) AND (:before IS NULL OR placed_at < :before)";
        let all = format!("SELECT count(*) FROM orders WHERE {matches}");
        let one_more = page.limit + 1;
        let some = format!("SELECT {} FROM orders WHERE {matches} AND id > {} ORDER BY id LIMIT {one_more}", Order::COLUMNS, page.after);
        let (total, mut orders) = self.db.with(|db| {
            let total = db.query_row(&all, filter, |row| row.get(0))?;
            Ok((total, db.prepare(&some)?.query_map(filter, Order::read)?.collect::<Result<Vec<_>, _>>()?))
        })?;
        let next_cursor = page.cut(&mut orders, |order| order.id);
        Ok(Json(OrderPage { orders, total, next_cursor }))
    }

    /// Gives one order with its product, discount and what was charged in the customer's currency.
    #[tool(title = "Get an order", annotations(read_only_hint = true, open_world_hint = false))]
    async fn get_order(&self, Parameters(OrderId { id }): Parameters<OrderId>) -> Result<Json<OrderDetail>, String> {
        let sql = "SELECT o.id, customer_id, product_id, placed_at, status, quantity, total_cents,
                p.id, sku, name, category, price_cents, discount_percent, o.currency,
                coalesce((total_cents * 10000 + usd_e4 / 2) / usd_e4, total_cents)
            FROM orders o JOIN products p ON p.id = product_id LEFT JOIN rates r ON r.currency = o.currency WHERE o.id = ?";
        let found = self.db.with(|db| {
            db.query_row(sql, [id], |row| {
                let (order, product) = (Order::read(row)?, Product::read(row, 7)?);
                let (discount_percent, currency, charged_cents) = (row.get(12)?, row.get(13)?, row.get(14)?);
                Ok(OrderDetail { order, product, discount_percent, currency, charged_cents })
            })
            .optional()
        })?;
        found.map(Json).ok_or_else(|| no_order(id))
    }

    /// Counts orders and adds up their totals, by state, month or product category.
    #[tool(title = "Count orders", annotations(read_only_hint = true, open_world_hint = false))]
    async fn count_orders(&self, Parameters(args): Parameters<CountOrders>) -> Result<Json<OrderCounts>, String> {
        check_date("placed_from", args.placed_from.as_deref())?;
        check_date("placed_before", args.placed_before.as_deref())?;
        let sql = format!(
            "SELECT {} AS key, count(*), sum(total_cents) FROM orders o JOIN products p ON p.id = product_id
            WHERE (?1 IS NULL OR placed_at >= ?1) AND (?2 IS NULL OR placed_at < ?2) GROUP BY key ORDER BY key",
            args.group_by.column()
        );
        let groups = self.db.with(|db| {
            db.prepare(&sql)?
                .query_map((args.placed_from, args.placed_before), |row| {
                    Ok(Group { key: row.get(0)?, orders: row.get(1)?, total_cents: row.get(2)? })
                })?
                .collect()
        })?;
        Ok(Json(OrderCounts { groups }))
    }

    /// Lists the products of the shop with their list prices.
    #[tool(title = "List products", annotations(read_only_hint = true, open_world_hint = false))]
    async fn list_products(&self, Parameters(args): Parameters<ListProducts>) -> Result<Json<Products>, String> {
        let sql = "SELECT id, sku, name, category, price_cents FROM products WHERE ?1 IS NULL OR category = ?1 ORDER BY id";
        let products: Vec<Product> = self.db.with(|db| db.prepare(sql)?.query_map([&args.category], |row| Product::read(row, 0))?.collect())?;
        match args.category {
            Some(category) if products.is_empty() => Err(format!("no category {category:?}: Coffee, Kitchen, Office, Home or Outdoor")),
            _ => Ok(Json(Products { products })),
        }
    }

    /// Gives the exchange rates of the shop's bookkeeping: what one unit of a currency is worth in US dollars. Returns JSON as text.
    #[tool(title = "Exchange rates", annotations(read_only_hint = true, open_world_hint = false))]
    async fn exchange_rates(&self) -> Result<String, String> {
        let rates = self.db.with(|db| {
            db.prepare("SELECT currency, usd_e4 / 10000.0 FROM rates ORDER BY currency")?
                .query_map([], |row| Ok((row.get(0)?, row.get::<_, f64>(1)?.into())))?
                .collect::<Result<serde_json::Map<String, serde_json::Value>, _>>()
        })?;
        Ok(serde_json::json!({ "base": "USD", "as_of": "2025-12-31", "usd_per_unit": rates }).to_string())
    }

    /// Tells the shop's terms for sending goods back, as plain text.
    #[tool(title = "Return policy", annotations(read_only_hint = true, open_world_hint = false))]
    async fn return_policy(&self) -> String {
        "Goods can be sent back within 30 days of delivery, unused and in their packaging.\n\
         Coffee and filters are excluded once opened.\n\
         The refund is paid within 7 days in the currency of the order."
            .to_owned()
    }

    /// Cancels an order that has not been shipped. This cannot be undone, and the customer is told.
    #[tool(title = "Cancel an order", annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = false, open_world_hint = false))]
    async fn cancel_order(&self, Parameters(CancelOrder { id, reason }): Parameters<CancelOrder>) -> Result<Json<Cancelled>, String> {
        if reason.trim().is_empty() {
            return Err("reason must not be empty: the customer reads it".to_owned());
        }
        let was: Option<String> = self.db.with(|db| {
            let was = db.query_row("SELECT status FROM orders WHERE id = ?", [id], |row| row.get(0)).optional()?;
            db.execute("UPDATE orders SET status = 'cancelled' WHERE id = ? AND status IN ('pending', 'processing')", [id])?;
            Ok(was)
        })?;
        match was.ok_or_else(|| no_order(id))? {
            was if was == "pending" || was == "processing" => Ok(Json(Cancelled { id, was, cancelled_at: NOW.to_owned() })),
            was => Err(format!("order {id} is {was} and can no longer be cancelled")),
        }
    }

    /// Prepares a report over all orders. Takes as long as it is told to: for trying out timeouts and calls side by side.
    #[tool(title = "Slow report", annotations(read_only_hint = true, open_world_hint = false))]
    async fn slow_report(&self, Parameters(args): Parameters<SlowReport>, context: RequestContext<RoleServer>) -> Result<Json<Report>, String> {
        let waited_ms = args.delay_ms.min(MAX_DELAY_MS);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(waited_ms.into())) => {}
            () = context.ct.cancelled() => return Err("the report was cancelled".to_owned()),
        }
        self.db.with(|db| {
            db.query_row("SELECT count(*), sum(total_cents) FROM orders", [], |row| {
                Ok(Json(Report { waited_ms, orders: row.get(0)?, total_cents: row.get(1)? }))
            })
        })
    }
}

fn no_order(id: u32) -> String {
    format!("no order {id}")
}

#[tool_handler(router = self.router)]
impl ServerHandler for Orders {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("shop-orders", env!("CARGO_PKG_VERSION")))
            .with_instructions("Orders of 2024 and 2025. Amounts are US cents. Customers are known here by number only; the crm knows them.")
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
        call_late(&self.router, self.latency, self, request, context).await
    }
}

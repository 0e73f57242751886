//! The customer register: customers, countries, notes. Reads, and notes that can be written and deleted.

use std::time::Duration;

use rmcp::{
    ErrorData, Json, RoleServer, ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    model::{CallToolRequestParams, CallToolResponse, Implementation, ServerCapabilities, ServerConfig},
    schemars::{self, JsonSchema},
    service::RequestContext,
    tool, tool_handler, tool_router,
};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};

use crate::{
    Db, call_late,
    data::NOW,
    page::{Page, check_date, without_null_defaults},
};

/// A note is a remark, not a document; the register keeps it in memory.
const MAX_NOTE_BYTES: usize = 4096;

pub(crate) struct Crm {
    db: Db,
    latency: Duration,
    router: ToolRouter<Self>,
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Segment {
    Consumer,
    SmallBusiness,
    Enterprise,
}

impl Segment {
    fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::SmallBusiness => "small_business",
            Self::Enterprise => "enterprise",
        }
    }
}

// `schemars(with)`: an argument that may be left out is absent, never null; some clients cannot read a list of types.
#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = without_null_defaults)]
struct ListCustomers {
    /// Only customers in this country, by its English name, for example Germany.
    #[schemars(with = "String")]
    country: Option<String>,
    /// Only customers of this kind.
    #[schemars(with = "Segment")]
    segment: Option<Segment>,
    /// Only customers who do (true) or do not (false) receive the newsletter.
    #[schemars(with = "bool")]
    newsletter: Option<bool>,
    /// Only customers who signed up on this day or later, for example 2024-06-01.
    #[schemars(with = "String")]
    since_from: Option<String>,
    /// At most this many customers, 1 to 50000; 100 when left out.
    #[schemars(with = "u32", range(min = 1, max = 50000))]
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[schemars(with = "String")]
    cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct CustomerPage {
    /// In the order in which they signed up.
    customers: Vec<Customer>,
    /// How many customers match on all pages together.
    total: u32,
    /// Present when there are more: the `cursor` of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Customer {
    id: u32,
    name: String,
    email: String,
    /// Absent for consumers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    company: Option<String>,
    /// consumer, small_business or enterprise.
    segment: String,
    country: String,
    city: String,
    /// The day of signing up, for example 2023-05-17.
    since: String,
    newsletter: bool,
}

impl Customer {
    const COLUMNS: &str = "id, name, email, company, segment, country, city, since, newsletter";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            email: row.get(2)?,
            company: row.get(3)?,
            segment: row.get(4)?,
            country: row.get(5)?,
            city: row.get(6)?,
            since: row.get(7)?,
            newsletter: row.get(8)?,
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CustomerId {
    /// The customer's number, for example 17.
    id: u32,
}

#[derive(Serialize, JsonSchema)]
struct CustomerDetail {
    #[serde(flatten)]
    customer: Customer,
    /// An IANA name, for example Europe/Berlin.
    timezone: String,
    /// What the customer pays in.
    currency: String,
    /// Newest first.
    notes: Vec<Note>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = without_null_defaults)]
struct FindCustomers {
    /// Part of a name, e-mail address, company or city; upper and lower case of a to z are the same.
    query: String,
    /// At most this many, 1 to 50000; 100 when left out.
    #[serde(default)]
    #[schemars(with = "u32", range(min = 1, max = 50000))]
    limit: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    customers: Vec<Customer>,
}

#[derive(Deserialize, JsonSchema, Default)]
#[serde(deny_unknown_fields, default)]
#[schemars(transform = without_null_defaults)]
struct ListNotes {
    /// Only notes on this customer.
    #[schemars(with = "u32")]
    customer_id: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct Notes {
    /// Newest first.
    notes: Vec<Note>,
}

#[derive(Serialize, JsonSchema)]
struct Note {
    id: u32,
    customer_id: u32,
    /// UTC, for example 2025-03-12T14:05:09Z.
    created_at: String,
    author: String,
    text: String,
}

impl Note {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: row.get(0)?, customer_id: row.get(1)?, created_at: row.get(2)?, author: row.get(3)?, text: row.get(4)? })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = without_null_defaults)]
struct AddNote {
    /// The customer's number.
    customer_id: u32,
    /// The remark, at most 4096 bytes.
    text: String,
    /// Who writes; "agent" when left out.
    #[serde(default)]
    #[schemars(with = "String")]
    author: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoteId {
    /// The note's number.
    id: u32,
}

#[derive(Serialize, JsonSchema)]
struct Deleted {
    id: u32,
    deleted: bool,
}

#[tool_router]
impl Crm {
    pub(crate) fn new(db: Connection, latency: Duration) -> Self {
        Self { db: Db::new(db), latency, router: Self::tool_router() }
    }

    /// Lists customers in the order in which they signed up, optionally filtered by country, kind, newsletter and day.
    #[tool(title = "List customers", annotations(read_only_hint = true, open_world_hint = false))]
    async fn list_customers(&self, Parameters(args): Parameters<ListCustomers>) -> Result<Json<CustomerPage>, String> {
        let page = Page::new(args.limit, args.cursor.as_deref())?;
        check_date("since_from", args.since_from.as_deref())?;
        let filter = named_params! {
            ":country": args.country, ":segment": args.segment.map(Segment::name), ":newsletter": args.newsletter,
            ":since": args.since_from,
        };
        let matches = "(:country IS NULL OR country = :country) AND (:segment IS NULL OR segment = :segment)
            AND (:newsletter IS NULL OR newsletter = :newsletter) AND (:since IS NULL OR since >= :since)";
        let all = format!("SELECT count(*) FROM customers WHERE {matches}");
        let one_more = page.limit + 1;
        let some = format!("SELECT {} FROM customers WHERE {matches} AND id > {} ORDER BY id LIMIT {one_more}", Customer::COLUMNS, page.after);
        let (total, mut customers) = self.db.with(|db| {
            let total = db.query_row(&all, filter, |row| row.get(0))?;
            Ok((total, db.prepare(&some)?.query_map(filter, Customer::read)?.collect::<Result<Vec<_>, _>>()?))
        })?;
        let next_cursor = page.cut(&mut customers, |customer| customer.id);
        Ok(Json(CustomerPage { customers, total, next_cursor }))
    }

    /// Gives one customer with time zone, currency and notes.
    #[tool(title = "Get a customer", annotations(read_only_hint = true, open_world_hint = false))]
    async fn get_customer(&self, Parameters(CustomerId { id }): Parameters<CustomerId>) -> Result<Json<CustomerDetail>, String> {
        let columns = Customer::COLUMNS;
        let sql = format!(
            "SELECT {columns}, timezone, currency
            FROM customers JOIN (SELECT name AS place, timezone, currency FROM countries) ON place = country WHERE id = ?"
        );
        let found = self.db.with(|db| {
            let notes = notes(db, Some(id))?;
            db.query_row(&sql, [id], |row| {
                Ok(CustomerDetail { customer: Customer::read(row)?, timezone: row.get(9)?, currency: row.get(10)?, notes })
            })
            .optional()
        })?;
        found.map(Json).ok_or_else(|| no_customer(id))
    }

    /// Finds customers by a part of their name, e-mail address, company or city.
    #[tool(title = "Find customers", annotations(read_only_hint = true, open_world_hint = false))]
    async fn find_customers(&self, Parameters(args): Parameters<FindCustomers>) -> Result<Json<Found>, String> {
        let limit = Page::new(args.limit, None)?.limit;
        if args.query.trim().is_empty() {
            return Err("query must not be empty; list_customers lists all".to_owned());
        }
        let columns = Customer::COLUMNS;
        let sql = format!(
            "SELECT {columns} FROM customers
            WHERE instr(lower(concat_ws(char(10), name, email, company, city)), lower(?1)) > 0 ORDER BY id LIMIT ?2"
        );
        let customers = self.db.with(|db| db.prepare(&sql)?.query_map((&args.query, limit), Customer::read)?.collect())?;
        Ok(Json(Found { customers }))
    }

    /// Lists the countries that the shop delivers to, with currency, time zone and number of customers. Returns a JSON array as text.
    #[tool(title = "List countries", annotations(read_only_hint = true, open_world_hint = false))]
    async fn list_countries(&self) -> Result<String, String> {
        let sql = "SELECT code, name, currency, timezone, (SELECT count(*) FROM customers WHERE country = c.name)
            FROM countries c ORDER BY name";
        let countries: Vec<serde_json::Value> = self.db.with(|db| {
            db.prepare(sql)?
                .query_map([], |row| {
                    let (code, name, currency): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    let (timezone, customers): (String, u32) = (row.get(3)?, row.get(4)?);
                    Ok(serde_json::json!({
                        "code": code, "name": name, "currency": currency, "timezone": timezone, "customers": customers
                    }))
                })?
                .collect()
        })?;
        Ok(serde_json::Value::from(countries).to_string())
    }

    /// Writes a customer's address label, as plain text.
    #[tool(title = "Address label", annotations(read_only_hint = true, open_world_hint = false))]
    async fn address_label(&self, Parameters(CustomerId { id }): Parameters<CustomerId>) -> Result<String, String> {
        let sql = "SELECT concat_ws(char(10), company, name, city, country) FROM customers WHERE id = ?";
        self.db.with(|db| db.query_row(sql, [id], |row| row.get(0)).optional())?.ok_or_else(|| no_customer(id))
    }

    /// Lists notes on customers, newest first.
    #[tool(title = "List notes", annotations(read_only_hint = true, open_world_hint = false))]
    async fn list_notes(&self, Parameters(args): Parameters<ListNotes>) -> Result<Json<Notes>, String> {
        Ok(Json(Notes { notes: self.db.with(|db| notes(db, args.customer_id))? }))
    }

    /// Adds a note to a customer's file. Colleagues see it at once.
    #[tool(title = "Add a note", annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = false))]
    async fn add_note(&self, Parameters(args): Parameters<AddNote>) -> Result<Json<Note>, String> {
        if args.text.trim().is_empty() || args.text.len() > MAX_NOTE_BYTES {
            return Err(format!("text must have 1 to {MAX_NOTE_BYTES} bytes, not {}", args.text.len()));
        }
        let author = args.author.unwrap_or_else(|| "agent".to_owned());
        let sql = "INSERT INTO notes (customer_id, created_at, author, text)
            SELECT id, ?2, ?3, ?4 FROM customers WHERE id = ?1 RETURNING id, customer_id, created_at, author, text";
        let written = self.db.with(|db| db.query_row(sql, (args.customer_id, NOW, author, args.text), Note::read).optional())?;
        written.map(Json).ok_or_else(|| no_customer(args.customer_id))
    }

    /// Deletes a note for good.
    #[tool(title = "Delete a note", annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = false))]
    async fn delete_note(&self, Parameters(NoteId { id }): Parameters<NoteId>) -> Result<Json<Deleted>, String> {
        let deleted = self.db.with(|db| db.execute("DELETE FROM notes WHERE id = ?", [id]))? > 0;
        Ok(Json(Deleted { id, deleted }))
    }
}

fn notes(db: &Connection, customer: Option<u32>) -> rusqlite::Result<Vec<Note>> {
    let sql = "SELECT id, customer_id, created_at, author, text FROM notes WHERE ?1 IS NULL OR customer_id = ?1
        ORDER BY created_at DESC, id DESC";
    db.prepare(sql)?.query_map([customer], Note::read)?.collect()
}

fn no_customer(id: u32) -> String {
    format!("no customer {id}")
}

#[tool_handler(router = self.router)]
impl ServerHandler for Crm {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("shop-crm", env!("CARGO_PKG_VERSION")))
            .with_instructions("Customers and notes about them. What they ordered is known to the order desk, by customer number.")
    }

    async fn call_tool(&self, request: CallToolRequestParams, context: RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
        call_late(&self.router, self.latency, self, request, context).await
    }
}

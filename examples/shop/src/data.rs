//! The shop's data: some 50,000 orders and 12,000 customers, drawn from a fixed seed into a SQLite database in memory.
//!
//! The same rows on every machine and at every start: integers only, an own generator, no clock. Each table has a
//! stream of its own, so that a server loads only the tables that it serves.

use rusqlite::{Connection, params};

use crate::world::{AUTHORS, COUNTRIES, Country, NOTES, PRODUCTS, RATES};

pub(crate) const CUSTOMERS: u32 = 12_000;
pub(crate) const ORDERS: u32 = 50_000;
pub(crate) const SEEDED_NOTES: u32 = 400;
pub(crate) const FIRST_ORDER_ID: u32 = 100_001;
/// The shop stands still just after its last day: what is written now gets this time.
pub(crate) const NOW: &str = "2026-01-01T09:00:00Z";

/// Days are counted from 1970-01-01.
const FIRST_DAY: u32 = 19_723; // 2024-01-01
const LAST_DAY: u32 = 20_453; // 2025-12-31
const FIRST_SIGNUP: u32 = 17_897; // 2019-01-01
const LAST_SIGNUP: u32 = 20_361; // 2025-09-30

/// Which tables a database gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tables {
    Orders,
    Crm,
    All,
}

/// A database in memory with the given tables, filled.
pub(crate) fn open(tables: Tables) -> rusqlite::Result<Connection> {
    let mut db = Connection::open_in_memory()?;
    let customers = customers();
    let tx = db.transaction()?;
    tx.execute_batch(SCHEMA)?;
    for c in &COUNTRIES {
        tx.execute("INSERT INTO countries VALUES (?, ?, ?, ?)", params![c.code, c.name, c.currency, c.timezone])?;
    }
    for (currency, rate) in RATES {
        tx.execute("INSERT INTO rates VALUES (?, ?)", params![currency, rate])?;
    }
    if tables != Tables::Crm {
        let mut insert = tx.prepare("INSERT INTO products VALUES (?, ?, ?, ?, ?)")?;
        for (id, (name, category, price)) in (1..).zip(PRODUCTS) {
            let sku = format!("{}-{id:03}", category[..3].to_uppercase());
            insert.execute(params![id, sku, name, category, price])?;
        }
        let mut insert = tx.prepare("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        for o in orders(&customers) {
            let what = (o.status, o.quantity, o.discount_percent, o.currency, o.total_cents);
            insert.execute(params![o.id, o.customer_id, o.product_id, o.placed_at, what.0, what.1, what.2, what.3, what.4])?;
        }
    }
    if tables != Tables::Orders {
        let mut insert = tx.prepare("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        for c in &customers {
            let place = (c.country.name, c.city);
            insert.execute(params![c.id, c.name, c.email, c.company, c.segment, place.0, place.1, date(c.since), c.newsletter])?;
        }
        let mut insert = tx.prepare("INSERT INTO notes VALUES (?, ?, ?, ?, ?)")?;
        for n in notes(&customers) {
            insert.execute(params![n.id, n.customer_id, n.created_at, n.author, n.text])?;
        }
    }
    tx.commit()?;
    Ok(db)
}

const SCHEMA: &str = "
    CREATE TABLE countries (code TEXT PRIMARY KEY, name TEXT, currency TEXT, timezone TEXT);
    CREATE TABLE rates (currency TEXT PRIMARY KEY, usd_e4 INTEGER);
    CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT, name TEXT, category TEXT, price_cents INTEGER);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, product_id INTEGER, placed_at TEXT, status TEXT,
        quantity INTEGER, discount_percent INTEGER, currency TEXT, total_cents INTEGER);
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, company TEXT, segment TEXT, country TEXT, city TEXT,
        since TEXT, newsletter INTEGER);
    CREATE TABLE notes (id INTEGER PRIMARY KEY, customer_id INTEGER, created_at TEXT, author TEXT, text TEXT);";

struct Customer {
    id: u32,
    name: String,
    email: String,
    company: Option<String>,
    segment: &'static str,
    country: &'static Country,
    city: &'static str,
    since: u32,
    newsletter: bool,
    /// How readily this one buys: of several candidates for an order the most active one gets it.
    activity: u32,
}

fn customers() -> Vec<Customer> {
    let mut rng = Rng(0x0043_5553_544f_4d45);
    let mut signups: Vec<u32> = (0..CUSTOMERS).map(|_| FIRST_SIGNUP + rng.below(LAST_SIGNUP - FIRST_SIGNUP + 1)).collect();
    // Ids follow the day of signing up, as they would.
    signups.sort_unstable();
    (1..).zip(signups).map(|(id, since)| customer(&mut rng, id, since)).collect()
}

fn customer(rng: &mut Rng, id: u32, since: u32) -> Customer {
    let country = weighted(rng, &COUNTRIES, |c| c.weight);
    let (first, last) = (*rng.pick(&country.names.first), *rng.pick(&country.names.last));
    let (segment, head_start) = weighted(rng, &SEGMENTS, |s| s.1).0;
    let company = (segment != "consumer").then(|| {
        let trade = rng.pick(&["Studio", "Trading", "Design", "Catering", "Logistics", "Interiors"]);
        format!("{} {trade} {}", *rng.pick(&country.names.last), country.company)
    });
    let host = rng.pick(&["example.com", "example.net", "example.org", "mail.example"]);
    Customer {
        id,
        name: format!("{first} {last}"),
        email: format!("{}.{}{}@{host}", ascii(first), ascii(last), id % 1000),
        company,
        segment,
        country,
        city: rng.pick::<&str>(&country.cities),
        since,
        newsletter: rng.below(100) < 38,
        activity: rng.below(1000) + head_start,
    }
}

/// Segment with its head start in activity, and its share in percent.
const SEGMENTS: [((&str, u32), u32); 3] = [(("consumer", 0), 80), (("small_business", 150), 16), (("enterprise", 300), 4)];

struct Order {
    id: u32,
    customer_id: u32,
    product_id: u32,
    placed_at: String,
    status: &'static str,
    quantity: i64,
    discount_percent: i64,
    currency: &'static str,
    total_cents: i64,
}

fn orders(customers: &[Customer]) -> impl Iterator<Item = Order> {
    let mut rng = Rng(0x4f52_4445_5253_0001);
    let days: Vec<(u32, u32)> = (FIRST_DAY..=LAST_DAY).map(|day| (day, demand(day))).collect();
    let total: u32 = days.iter().map(|d| d.1).sum();
    let mut times: Vec<(u32, u32)> = (0..ORDERS)
        .map(|_| {
            let day = weighted_of(&days, total, &mut rng, |d| d.1).0;
            // The mean of two draws: most orders come in the middle of the day.
            (day, (rng.below(86_400) + rng.below(86_400)) / 2)
        })
        .collect();
    times.sort_unstable();
    let prices: Vec<(u32, i64)> = (1..).zip(PRODUCTS).map(|(id, (_, _, price))| (id, price)).collect();
    (FIRST_ORDER_ID..).zip(times).map(move |(id, time)| order(&mut rng, customers, &prices, id, time))
}

/// Relative number of orders on a day: growth over the two years, a strong fourth quarter, quieter weekends.
fn demand(day: u32) -> u32 {
    const MONTHS: [u32; 12] = [80, 78, 90, 92, 95, 88, 82, 84, 96, 104, 142, 168];
    let (_, month, _) = civil(day);
    let weekend = day % 7 == 2 || day % 7 == 3; // 1970-01-01 was a Thursday
    (1000 + (day - FIRST_DAY)) * MONTHS[month as usize - 1] / 100 * if weekend { 70 } else { 100 } / 100
}

fn order(rng: &mut Rng, customers: &[Customer], prices: &[(u32, i64)], id: u32, (day, second): (u32, u32)) -> Order {
    // Nobody orders before signing up.
    let known = customers.partition_point(|c| c.since <= day);
    let mut buyer = rng.pick(&customers[..known]);
    for _ in 0..2 {
        let other = rng.pick(&customers[..known]);
        if other.activity > buyer.activity {
            buyer = other;
        }
    }
    let (product_id, price) = *rng.pick(prices);
    let (quantity, discounts): (u32, &[i64]) = match buyer.segment {
        "consumer" => (1 + rng.below(3), &[0, 0, 0, 0, 5, 10]),
        "small_business" => (2 + rng.below(11), &[0, 5, 5, 10]),
        _ => (8 + rng.below(33), &[10, 15, 20]),
    };
    let discount_percent = *rng.pick(discounts);
    Order {
        id,
        customer_id: buyer.id,
        product_id,
        placed_at: timestamp(day, second),
        status: status(rng, LAST_DAY - day),
        quantity: i64::from(quantity),
        discount_percent,
        currency: buyer.country.currency,
        total_cents: i64::from(quantity) * price * (100 - discount_percent) / 100,
    }
}

fn status(rng: &mut Rng, days_ago: u32) -> &'static str {
    match (days_ago, rng.below(100)) {
        (_, 0..6) => "cancelled",
        (0..2, _) => "pending",
        (2..4, _) => "processing",
        (4..10, _) => "shipped",
        (_, 6..10) => "returned",
        _ => "delivered",
    }
}

struct Note {
    id: u32,
    customer_id: u32,
    created_at: String,
    author: &'static str,
    text: &'static str,
}

fn notes(customers: &[Customer]) -> impl Iterator<Item = Note> {
    let mut rng = Rng(0x4e4f_5445_5300_0003);
    (1..=SEEDED_NOTES).map(move |id| {
        let customer = rng.pick(customers);
        let day = customer.since + rng.below(LAST_DAY - customer.since + 1);
        let created_at = timestamp(day, 8 * 3600 + rng.below(9 * 3600));
        Note { id, customer_id: customer.id, created_at, author: rng.pick::<&str>(&AUTHORS), text: rng.pick::<&str>(&NOTES) }
    })
}

/// SplitMix64 (Steele, Lea, Flood 2014). Small and the same everywhere; not for secrets.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "our tables are short")]
    fn below_usize(&mut self, bound: usize) -> usize {
        self.below(bound as u32) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below_usize(from.len())]
    }
}

fn weighted<'a, T>(rng: &mut Rng, from: &'a [T], weight: fn(&T) -> u32) -> &'a T {
    weighted_of(from, from.iter().map(weight).sum(), rng, weight)
}

fn weighted_of<'a, T>(from: &'a [T], total: u32, rng: &mut Rng, weight: fn(&T) -> u32) -> &'a T {
    let mut at = rng.below(total);
    for item in from {
        match at.checked_sub(weight(item)) {
            Some(rest) => at = rest,
            None => return item,
        }
    }
    &from[0]
}

/// Lower case without accents, apostrophes and spaces, for an address.
fn ascii(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|c| match c {
            'a'..='z' => Some(c),
            'á' | 'ã' | 'ä' | 'å' | 'ą' => Some('a'),
            'ç' | 'ć' => Some('c'),
            'è' | 'é' | 'ê' | 'ë' | 'ę' => Some('e'),
            'í' | 'ï' => Some('i'),
            'ł' => Some('l'),
            'ñ' | 'ń' => Some('n'),
            'ò' | 'ó' | 'ô' | 'ö' => Some('o'),
            'ś' | 'ß' => Some('s'),
            'ú' | 'ü' => Some('u'),
            'ź' | 'ż' => Some('z'),
            _ => None,
        })
        .collect()
}

fn timestamp(day: u32, second: u32) -> String {
    format!("{}T{:02}:{:02}:{:02}Z", date(day), second / 3600, second / 60 % 60, second % 60)
}

fn date(day: u32) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of a count of days since 1970-01-01, by Hinnant's algorithm.
fn civil(day: u32) -> (u32, u32, u32) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, of_year - (153 * shifted_month + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<T: rusqlite::types::FromSql>(db: &Connection, sql: &str) -> T {
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn two_starts_give_the_same_rows() {
        let digest = |db: &Connection| -> Vec<String> {
            let all = "SELECT group_concat(quote(id) || quote(name) || quote(email) || quote(company) || quote(since)) FROM customers
                UNION ALL SELECT group_concat(quote(id) || quote(customer_id) || quote(placed_at) || quote(total_cents)) FROM orders
                UNION ALL SELECT group_concat(quote(id) || quote(created_at) || quote(text)) FROM notes";
            db.prepare(all).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let (first, second) = (open(Tables::All).unwrap(), open(Tables::All).unwrap());
        assert!(digest(&first) == digest(&second));
        assert!(digest(&first).iter().all(|table| table.len() > 10_000), "a table is nearly empty");
    }

    /// Each role draws alone what both together would have drawn.
    #[test]
    fn a_role_has_the_rows_of_the_whole() {
        let (all, orders, crm) = (open(Tables::All).unwrap(), open(Tables::Orders).unwrap(), open(Tables::Crm).unwrap());
        let total = "SELECT sum(total_cents * (id % 97)) FROM orders";
        assert_eq!(one::<i64>(&orders, total), one::<i64>(&all, total));
        let names = "SELECT group_concat(name || email) FROM customers";
        assert_eq!(one::<String>(&crm, names), one::<String>(&all, names));
        assert_eq!(one::<u32>(&crm, "SELECT count(*) FROM orders"), 0);
        assert_eq!(one::<u32>(&orders, "SELECT count(*) FROM customers"), 0);
    }

    #[test]
    fn the_rows_are_believable() {
        let db = open(Tables::All).unwrap();
        let none = [
            "SELECT count(*) - 50000 FROM orders",
            "SELECT count(*) - 12000 FROM customers",
            "SELECT count(*) - 400 FROM notes",
            "SELECT min(id) - 100001 FROM orders",
            // Days and times that SQLite's own calendar does not give back unchanged.
            "SELECT count(*) FROM orders WHERE placed_at IS NOT strftime('%Y-%m-%dT%H:%M:%SZ', placed_at)",
            "SELECT count(*) FROM customers WHERE since IS NOT date(since)",
            "SELECT count(*) FROM orders WHERE placed_at NOT BETWEEN '2024-01-01' AND '2026-01-01'",
            "SELECT count(*) FROM orders LEFT JOIN customers c ON c.id = customer_id WHERE c.id IS NULL OR since > placed_at",
            "SELECT count(*) FROM orders a JOIN orders b ON b.id = a.id + 1 WHERE b.placed_at < a.placed_at",
            "SELECT count(*) FROM orders o JOIN products p ON p.id = product_id
                WHERE total_cents IS NOT quantity * price_cents * (100 - discount_percent) / 100 OR total_cents <= 0",
            "SELECT count(*) FROM customers c WHERE (segment = 'consumer') IS NOT (company IS NULL)",
            "SELECT count(*) FROM customers WHERE email GLOB '*[^a-z0-9.@]*' OR email NOT LIKE '_%._%@_%._%'",
            "SELECT count(*) FROM customers c WHERE NOT EXISTS (SELECT 1 FROM countries WHERE name = c.country)",
            "SELECT count(*) FROM notes n JOIN customers c ON c.id = customer_id WHERE created_at < since",
        ];
        for sql in none {
            assert_eq!(one::<i64>(&db, sql), 0, "{sql}");
        }
        let some = [
            // December is the best month, the second year better than the first; weekends are quieter than weekdays.
            "SELECT (SELECT substr(placed_at, 6, 2) FROM orders GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) = '12'",
            "SELECT sum(placed_at >= '2025') > sum(placed_at < '2025') FROM orders",
            "SELECT sum(strftime('%w', placed_at) IN ('0', '6')) * 5 < sum(strftime('%w', placed_at) NOT IN ('0', '6')) * 2 FROM orders",
            "SELECT count(DISTINCT status) = 6 FROM orders",
            "SELECT count(DISTINCT customer_id) > 8000 FROM orders",
        ];
        for sql in some {
            assert_eq!(one::<i64>(&db, sql), 1, "{sql}");
        }
    }

    #[test]
    fn the_calendar_is_right_at_its_edges() {
        let days = [0, 59, 60, FIRST_DAY - 1, FIRST_DAY, FIRST_DAY + 59, LAST_DAY, LAST_DAY + 1, FIRST_SIGNUP, LAST_SIGNUP];
        let expected = [
            "1970-01-01",
            "1970-03-01",
            "1970-03-02",
            "2023-12-31",
            "2024-01-01",
            "2024-02-29",
            "2025-12-31",
            "2026-01-01",
            "2019-01-01",
            "2025-09-30",
        ];
        assert_eq!(days.map(date), expected);
    }

    /// The first outputs for seed 1234567, as published with the reference implementation.
    #[test]
    fn the_generator_is_splitmix64() {
        let mut rng = Rng(1_234_567);
        assert_eq!([rng.next(), rng.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }
}

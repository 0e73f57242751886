//! Orders and products as the order desk shows them.

use rmcp::schemars::{self, JsonSchema};
use rusqlite::Row;
use serde::Serialize;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Order {
    pub(crate) id: u32,
    pub(crate) customer_id: u32,
    pub(crate) product_id: u32,
    /// UTC, for example 2025-03-12T14:05:09Z.
    pub(crate) placed_at: String,
    /// pending, processing, shipped, delivered, cancelled or returned.
    pub(crate) status: String,
    pub(crate) quantity: u32,
    /// What was paid, in US cents, discount taken off.
    pub(crate) total_cents: i64,
}

impl Order {
    pub(crate) const COLUMNS: &str = "id, customer_id, product_id, placed_at, status, quantity, total_cents";

    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            customer_id: row.get(1)?,
            product_id: row.get(2)?,
            placed_at: row.get(3)?,
            status: row.get(4)?,
            quantity: row.get(5)?,
            total_cents: row.get(6)?,
        })
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Product {
    pub(crate) id: u32,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) category: String,
    /// List price in US cents.
    pub(crate) price_cents: i64,
}

impl Product {
    pub(crate) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(first)?,
            sku: row.get(first + 1)?,
            name: row.get(first + 2)?,
            category: row.get(first + 3)?,
            price_cents: row.get(first + 4)?,
        })
    }
}

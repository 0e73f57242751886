//! An example upstream: the order desk and the customer register of a small shop, as two MCP servers over stdio.
//!
//! It is honest and ordinary: typed results that are also sent as text, as MCP asks, and errors in words. It holds its data in memory
//! and forgets what was written when it ends. Deliberately absent: any hostile behaviour; that is what the attack suite is for.

mod crm;
mod data;
mod orders;
mod page;
mod rows;
mod world;

use std::{
    io::{self, Write},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    handler::server::{router::tool::ToolRouter, tool::ToolCallContext},
    model::{CallToolRequestParams, CallToolResponse},
    service::RequestContext,
    transport::stdio,
};
use rusqlite::{Connection, types::ValueRef};

use crate::{crm::Crm, data::Tables, orders::Orders};

const HELP: &str = "\
shop: an example MCP server over about 50,000 orders and 12,000 customers, the same ones at every start

usage: shop --serve orders|crm [--latency-ms N]
       shop --query SQL

  --serve ROLE      speak MCP on stdin and stdout as the order desk or as the customer register
  --latency-ms N    wait N milliseconds before every tool call, as a distant server would
  --query SQL       print what the statement yields, columns apart by tabs, and end; without a server
  --help            this text
";

enum Command {
    Help,
    Query(String),
    Serve { tables: Tables, latency: Duration },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match parse(std::env::args().skip(1)).context("see shop --help")? {
        Command::Help => Ok(io::stdout().write_all(HELP.as_bytes())?),
        Command::Query(sql) => query(&sql),
        Command::Serve { tables: Tables::Crm, latency } => serve(Crm::new(data::open(Tables::Crm)?, latency)).await,
        Command::Serve { tables, latency } => serve(Orders::new(data::open(tables)?, latency)).await,
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> anyhow::Result<Command> {
    let (mut tables, mut latency) = (None, Duration::ZERO);
    while let Some(flag) = args.next() {
        let mut value = || args.next().with_context(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--query" => return Ok(Command::Query(value()?)),
            "--latency-ms" => latency = Duration::from_millis(value()?.parse().context("--latency-ms needs a number")?),
            "--serve" => {
                tables = Some(match value()?.as_str() {
                    "orders" => Tables::Orders,
                    "crm" => Tables::Crm,
                    other => bail!("no role {other:?}: orders or crm"),
                });
            }
            other => bail!("unknown argument {other:?}"),
        }
    }
    let tables = tables.context("nothing to do: --serve or --query")?;
    Ok(Command::Serve { tables, latency })
}

async fn serve(server: impl ServerHandler) -> anyhow::Result<()> {
    server.serve(stdio()).await?.waiting().await?;
    Ok(())
}

fn query(sql: &str) -> anyhow::Result<()> {
    let db = data::open(Tables::All)?;
    let mut statement = db.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    while let Some(row) = rows.next()? {
        for column in 0..columns {
            if column > 0 {
                out.write_all(b"\t")?;
            }
            match row.get_ref(column)? {
                ValueRef::Null => {}
                ValueRef::Integer(n) => write!(out, "{n}")?,
                ValueRef::Real(n) => write!(out, "{n}")?,
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => out.write_all(bytes)?,
            }
        }
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// The database of a server; calls take turns.
struct Db(Mutex<Connection>);

impl Db {
    fn new(connection: Connection) -> Self {
        Self(Mutex::new(connection))
    }

    /// What `read` finds. The text of a failure is what the caller of the tool sees.
    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, String> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read(&connection).map_err(|error| format!("the shop's database failed: {error}"))
    }
}

/// Calls a tool after the latency that the operator asked for.
async fn call_late<S: Send + Sync + 'static>(
    router: &ToolRouter<S>,
    latency: Duration,
    server: &S,
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    router.call(ToolCallContext::new(server, request, context)).await
}

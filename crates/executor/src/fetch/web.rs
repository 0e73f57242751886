//! Connections to hosts of the web: every address is checked in the lookup that the connection is made with.

use super::request::Hop;
use policy::{Addresses, CallError, ErrorCode, HttpRule, Layer, refused_address};
use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{HeaderName, HeaderValue, USER_AGENT},
};
use std::{
    error::Error,
    net::{IpAddr, SocketAddr},
    sync::OnceLock,
    time::Duration,
};
use url::Host;

/// How long a connection may take to be made. Other addresses of the host are tried within it.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);

/// The clients of this process. Made at their first use: most configurations have no http rule.
#[derive(Debug, Default)]
pub(crate) struct Web {
    names: Names,
    public: OnceLock<Result<Client, String>>,
    all: OnceLock<Result<Client, String>>,
}

/// Who says where a name leads.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Names {
    /// The system's resolver.
    #[default]
    System,
    /// A table of a test.
    #[cfg(test)]
    Of(fn(&str) -> Vec<IpAddr>),
}

impl Web {
    /// With names of a test.
    #[cfg(test)]
    pub(super) fn of(names: Names) -> Self {
        Web { names, ..Web::default() }
    }

    /// Sends one request and returns the head of its reply, whatever its status. Redirects are the caller's to follow.
    ///
    /// # Errors
    /// With `fate_unknown` unless certainly nothing was sent.
    pub(super) async fn send(&self, rule: &HttpRule, hop: &Hop) -> Result<Response, CallError> {
        if rule.addresses == Addresses::Public
            && let Some(address) = literal(hop)
        {
            check(address).map_err(|refused| denied(hop, refused))?;
        }
        let client = match rule.addresses {
            Addresses::Public => &self.public,
            Addresses::All => &self.all,
        };
        let client = client.get_or_init(|| client_for(rule.addresses, self.names).map_err(|error| error.to_string()));
        let client = client.as_ref().map_err(|error| {
            tracing::error!(error, "no client for fetch");
            CallError::new(ErrorCode::Internal, "fetch is not available; the operator finds the reason in the log")
        })?;
        let mut headers = hop.headers.clone();
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(concat!("cofferdam/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &rule.headers.0 {
            let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) else {
                return Err(CallError::new(ErrorCode::Internal, "fetch: a header of the http rule cannot be sent"));
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let method = reqwest::Method::from_bytes(hop.method.as_str().as_bytes()).unwrap_or_default();
        let mut request = client.request(method, hop.url.clone()).headers(headers);
        if let Some(body) = &hop.body {
            request = request.body(body.clone());
        }
        request.send().await.map_err(|error| not_answered(hop, &error))
    }
}

/// The address that a URL names itself: it is connected to without a lookup.
fn literal(hop: &Hop) -> Option<IpAddr> {
    match hop.url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

fn client_for(addresses: Addresses, names: Names) -> reqwest::Result<Client> {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .dns_resolver(Lookup { addresses, names })
        .build()
}

/// A lookup that finds only addresses which may be connected to.
#[derive(Debug)]
struct Lookup {
    addresses: Addresses,
    names: Names,
}

impl Resolve for Lookup {
    fn resolve(&self, name: Name) -> Resolving {
        let (addresses, names) = (self.addresses, self.names);
        Box::pin(async move {
            let found: Vec<SocketAddr> = match names {
                Names::System => tokio::net::lookup_host((name.as_str(), 0)).await?.collect(),
                #[cfg(test)]
                Names::Of(table) => table(name.as_str()).into_iter().map(|address| SocketAddr::new(address, 0)).collect(),
            };
            if addresses == Addresses::Public {
                // One such address among others is no mistake either: the whole name is refused.
                found.iter().try_for_each(|found| check(found.ip()))?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// An address that is not of the public internet.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the address is {0}")]
struct Refused(&'static str);

fn check(address: IpAddr) -> Result<(), Refused> {
    refused_address(address).map_or(Ok(()), |why| Err(Refused(why)))
}

fn denied(hop: &Hop, Refused(why): Refused) -> CallError {
    tracing::info!(host = hop.url.host_str(), why, "a fetch is not allowed");
    CallError::new(
        ErrorCode::Denied,
        format!("fetch {}: the host's address is {why}, and only the public internet is allowed; it was not sent", hop.shown()),
    )
    .by(Layer::Addresses)
}

/// Why there was no reply. The words are ours: what a library says may hold addresses of this network.
fn not_answered(hop: &Hop, error: &reqwest::Error) -> CallError {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return denied(hop, *refused);
        }
        cause = error.source();
    }
    tracing::info!(host = hop.url.host_str(), error = ?error.source(), "a fetch was not answered");
    let (why, fate_unknown) = if error.is_connect() {
        ("the host cannot be reached", false)
    } else if error.is_builder() {
        ("the request cannot be sent", false)
    } else {
        ("the connection ended without a reply", true)
    };
    let error = CallError::new(ErrorCode::UpstreamUnavailable, format!("fetch {}: {why}", hop.shown()));
    CallError { fate_unknown, retryable: error.retryable && (!fate_unknown || hop.method.reads()), ..error }
}

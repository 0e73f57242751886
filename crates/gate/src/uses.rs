//! How the names and the tool calls of a program are used, the same for every language. It proves that a result was meant to be awaited:
//! everything that is not certain counts as fine.

use crate::calls::{Call, Usage};
use std::collections::BTreeMap;

/// A piece of the program: start and end, in bytes.
pub(crate) type Place = (usize, usize);

/// What was seen of every call's place and of every name.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Calls whose place is certain: dropped or used directly.
    places: BTreeMap<Place, Usage>,
    /// Calls that are assigned to one name.
    assigned: BTreeMap<Place, String>,
    names: BTreeMap<String, Counts>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    stores: usize,
    loads: usize,
    misuses: usize,
}

impl Uses {
    /// The name is bound or assigned.
    pub(crate) fn store(&mut self, name: &str) {
        self.names.entry(name.to_owned()).or_default().stores += 1;
    }

    /// The name is read, in whatever way.
    pub(crate) fn load(&mut self, name: &str) {
        self.names.entry(name.to_owned()).or_default().loads += 1;
    }

    /// One of the reads of the name takes it for a result.
    pub(crate) fn misuse_name(&mut self, name: &str) {
        self.names.entry(name.to_owned()).or_default().misuses += 1;
    }

    /// The call is taken for its result.
    pub(crate) fn misuse_call(&mut self, call: Place) {
        self.places.insert(call, Usage::Direct);
    }

    /// The call is a statement.
    pub(crate) fn dropped(&mut self, call: Place) {
        self.places.insert(call, Usage::Dropped);
    }

    /// The call is the value of a variable.
    pub(crate) fn assigned(&mut self, call: Place, name: &str) {
        self.assigned.insert(call, name.to_owned());
    }

    /// Writes down the usage of every call.
    pub(crate) fn settle(mut self, calls: &mut [Call]) {
        for call in calls {
            // At most one call of the form `a.b(...)` starts at any place.
            let here = (call.at, 0)..=(call.at, usize::MAX);
            let place = self.places.range(here.clone()).next().map(|(place, _)| *place);
            if let Some(usage) = place.and_then(|place| self.places.remove(&place)) {
                call.usage = usage;
            } else if let Some((_, name)) = self.assigned.range(here).next() {
                let counts = self.names.get(name).copied().unwrap_or_default();
                if counts.stores == 1 && counts.misuses > 0 && counts.misuses == counts.loads {
                    call.usage = Usage::Variable(name.clone());
                }
            }
        }
    }
}

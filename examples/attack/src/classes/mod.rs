//! The classes, one file each. Every threat of `policy::Threat` has one, with at least [`LEAST`] variants.

mod p1_1;
mod p1_2;
mod p2_1;
mod p2_2;
mod p4_1;
mod p4_2;
mod p4_3;

use crate::suite::Class;
use serde_json::{Value, json};

/// Variants that a class must have.
#[cfg(test)]
const LEAST: usize = 3;

/// Every class.
pub(crate) fn all() -> Vec<Class> {
    vec![p1_1::class(), p1_2::class(), p2_1::class(), p2_2::class(), p4_1::class(), p4_2::class(), p4_3::class()]
}

/// One program in both languages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    pub(crate) language: &'static str,
    pub(crate) code: &'static str,
}

/// The same program in Python and in JavaScript.
pub(crate) fn both(python: &'static str, javascript: &'static str) -> [Program; 2] {
    [Program { language: "python", code: python }, Program { language: "javascript", code: javascript }]
}

/// A tool that takes a text, and says of itself that it changes nothing and reaches nobody outside.
pub(crate) fn tool(name: &str, description: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}});
    json!({"name": name, "description": description, "inputSchema": schema, "annotations": {"readOnlyHint": true, "openWorldHint": false}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Threat;

    /// Classes that nobody has written yet. To be empty.
    const MISSING: &[Threat] = &[
        Threat::P3_1,
        Threat::P3_2,
        Threat::P3_3,
        Threat::P5_1,
        Threat::P5_2,
        Threat::P5_3,
        Threat::P5_4,
        Threat::P5_5,
        Threat::P5_6,
        Threat::S1,
        Threat::S2,
        Threat::S3,
        Threat::S4,
        Threat::S5,
        Threat::S6,
        Threat::S7,
        Threat::S8,
        Threat::S9,
        Threat::S10,
    ];

    #[test]
    fn every_threat_has_a_class_with_enough_variants() {
        let classes = all();
        for threat in Threat::ALL {
            let found: Vec<usize> = classes.iter().filter(|class| class.threat == threat).map(|class| class.variants.len()).collect();
            match found[..] {
                [] => assert!(MISSING.contains(&threat), "{} has no class", threat.id()),
                [variants] => assert!(variants >= LEAST && !MISSING.contains(&threat), "{} has {variants} variants", threat.id()),
                _ => panic!("{} has several classes", threat.id()),
            }
        }
    }
}

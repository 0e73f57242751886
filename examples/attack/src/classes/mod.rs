//! The classes, one file each. Every threat of `policy::Threat` has one, with at least [`LEAST`] variants.

mod outbox;
mod p1_1;
mod p1_2;
mod p2_1;
mod p2_2;
mod p3_1;
mod p3_2;
mod p3_3;
mod p4_1;
mod p4_2;
mod p4_3;
mod p5_1;
mod p5_2;
mod p5_3;
mod p5_4;
mod p5_5;
mod p5_5_floods;
mod p5_5_gluttons;
mod p5_6;
mod p5_6_deaths;
mod s1;
mod s10;
mod s2;
mod s3;
mod s4;
mod s5;
mod s6;
mod s7;
mod s8;
mod s9;

use crate::suite::Class;
use serde_json::{Value, json};

/// Variants that a class must have.
#[cfg(test)]
const LEAST: usize = 3;

/// Every class.
pub(crate) fn all() -> Vec<Class> {
    vec![
        p1_1::class(),
        p1_2::class(),
        p2_1::class(),
        p2_2::class(),
        p3_1::class(),
        p3_2::class(),
        p3_3::class(),
        p4_1::class(),
        p4_2::class(),
        p4_3::class(),
        p5_1::class(),
        p5_2::class(),
        p5_3::class(),
        p5_4::class(),
        p5_5::class(),
        p5_6::class(),
        s1::class(),
        s2::class(),
        s3::class(),
        s4::class(),
        s5::class(),
        s6::class(),
        s7::class(),
        s8::class(),
        s9::class(),
        s10::class(),
    ]
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

    #[test]
    fn every_threat_has_a_class_with_enough_variants() {
        let classes = all();
        for threat in Threat::ALL {
            let found: Vec<usize> = classes.iter().filter(|class| class.threat == threat).map(|class| class.variants.len()).collect();
            match found[..] {
                [] => panic!("{} has no class", threat.id()),
                [variants] => assert!(variants >= LEAST, "{} has {variants} variants", threat.id()),
                _ => panic!("{} has several classes", threat.id()),
            }
        }
    }
}

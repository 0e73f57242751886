//! The classes of attack that the project must hold against (`docs/threats.md`), by their ids.

/// One class of attack. Closed: every one has a class in the attack suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each has its title below, and a row in docs/threats.md")]
#[rustfmt::skip]
pub enum Threat {
    P1_1, P1_2, P2_1, P2_2, P3_1, P3_2, P3_3, P4_1, P4_2, P4_3, P5_1, P5_2, P5_3, P5_4, P5_5, P5_6,
    S1, S2, S3, S4, S5, S6, S7, S8, S9, S10,
}

impl Threat {
    /// Every class.
    #[rustfmt::skip]
    pub const ALL: [Threat; 26] = {
        use Threat::{P1_1, P1_2, P2_1, P2_2, P3_1, P3_2, P3_3, P4_1, P4_2, P4_3, P5_1, P5_2, P5_3, P5_4, P5_5, P5_6, S1, S2, S3, S4, S5, S6, S7, S8, S9, S10};
        [P1_1, P1_2, P2_1, P2_2, P3_1, P3_2, P3_3, P4_1, P4_2, P4_3, P5_1, P5_2, P5_3, P5_4, P5_5, P5_6, S1, S2, S3, S4, S5, S6, S7, S8, S9, S10]
    };

    /// The id and the title. P1.1 to P5.6 are the names of Felendler, Gandhi, Habler, Elovici and Shabtai (arXiv 2602.15945, table 1).
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Threat::P1_1 => ("P1.1", "context injection via tool discovery artifacts"),
            Threat::P1_2 => ("P1.2", "semantic manipulation via tool metadata"),
            Threat::P2_1 => ("P2.1", "code generation hijacking via adversarial inputs"),
            Threat::P2_2 => ("P2.2", "planning manipulation via malicious tool exceptions"),
            Threat::P3_1 => ("P3.1", "code-flow injection via untrusted tool outputs"),
            Threat::P3_2 => ("P3.2", "execution sink manipulation (shell, SQL)"),
            Threat::P3_3 => ("P3.3", "obfuscated or delayed payload"),
            Threat::P4_1 => ("P4.1", "semantic poisoning of decision state"),
            Threat::P4_2 => ("P4.2", "structural manipulation of response formats"),
            Threat::P4_3 => ("P4.3", "authorization state corruption"),
            Threat::P5_1 => ("P5.1", "dynamic code evaluation"),
            Threat::P5_2 => ("P5.2", "dangerous system interaction"),
            Threat::P5_3 => ("P5.3", "data exfiltration"),
            Threat::P5_4 => ("P5.4", "filesystem boundary violations"),
            Threat::P5_5 => ("P5.5", "resource exhaustion"),
            Threat::P5_6 => ("P5.6", "isolation escape attempts"),
            Threat::S1 => ("S1", "another principal's handle"),
            Threat::S2 => ("S2", "secrets in guest, output, journal or log"),
            Threat::S3 => ("S3", "rug pull after approval"),
            Threat::S4 => ("S4", "cross-server shadowing"),
            Threat::S5 => ("S5", "terminal sequences and hidden characters in output"),
            Threat::S6 => ("S6", "an upstream's own requests to the user"),
            Threat::S7 => ("S7", "a journal that was tampered with"),
            Threat::S8 => ("S8", "what persists from one session to another"),
            Threat::S9 => ("S9", "a run split in two"),
            Threat::S10 => ("S10", "an approval by what the model sees"),
        }
    }

    /// The id, e.g. `P1.1`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.words().0
    }

    /// What it is.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.words().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_there_once() {
        let ids: std::collections::BTreeSet<&str> = Threat::ALL.iter().map(|threat| threat.id()).collect();
        assert_eq!(ids.len(), 26);
    }
}

//! The malicious upstream: `hostile BEHAVIOUR.json`. Speaks raw JSON lines, so that it can break every rule.

fn main() -> anyhow::Result<()> {
    attack::hostile::serve()
}

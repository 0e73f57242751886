//! The four runs of a variant, and what they must show.

use crate::world::{Layers, World};
use anyhow::{Result, bail};
use policy::{Layer, Threat};
use std::{
    ops::RangeInclusive,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Classes that are run at the same time.
const SIDE_BY_SIDE: usize = 2;

/// One class of attack.
pub(crate) struct Class {
    pub(crate) threat: Threat,
    pub(crate) variants: Vec<Variant>,
}

/// What an attack came to.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Whether it had the effect that the attacker wanted: from a side effect, never from a text of Cofferdam's.
    pub(crate) landed: bool,
    /// The side effect, for whoever reads of a miss.
    pub(crate) effect: String,
    /// What the hijacked model was shown.
    pub(crate) said: String,
}

/// Carries an attack out in a fresh world.
pub(crate) type Attack = Box<dyn Fn(&World) -> Result<Seen> + Send + Sync>;
/// Does what the attack resembles, honestly; an error says what was wrong with the answer.
pub(crate) type Twin = Box<dyn Fn(&World) -> Result<()> + Send + Sync>;

/// One way to attack.
pub(crate) struct Variant {
    name: String,
    /// `None`: what stops it is in every build.
    layer: Option<Layer>,
    code: Option<&'static str>,
    attack: Attack,
    native: Option<Attack>,
    twin: Twin,
    records: RangeInclusive<usize>,
}

impl Variant {
    /// An attack that `layer` stops with the typed error `code`.
    pub(crate) fn new(
        name: impl Into<String>,
        layer: Layer,
        code: &'static str,
        attack: impl Fn(&World) -> Result<Seen> + Send + Sync + 'static,
        twin: impl Fn(&World) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        Variant {
            name: name.into(),
            layer: Some(layer),
            code: Some(code),
            attack: Box::new(attack),
            native: None,
            twin: Box::new(twin),
            records: 1..=1,
        }
    }

    /// An attack that is stopped by what cannot be taken away: it must come to nothing with every layer off too. It lands where `native` does the
    /// same act without Cofferdam, or with what the attacker does not have.
    pub(crate) fn standing(
        name: impl Into<String>,
        attack: impl Fn(&World) -> Result<Seen> + Send + Sync + 'static,
        native: impl Fn(&World) -> Result<Seen> + Send + Sync + 'static,
        twin: impl Fn(&World) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        let (attack, native): (Attack, Attack) = (Box::new(attack), Box::new(native));
        Variant { name: name.into(), layer: None, code: None, attack, native: Some(native), twin: Box::new(twin), records: 0..=0 }
    }

    /// The same where nothing is refused and nothing recorded: what the attacker wants is not there.
    pub(crate) fn silent(self) -> Self {
        Variant { code: None, ..self }
    }

    /// The same where the attacker tries again and again: every attempt is recorded.
    pub(crate) fn repeatedly(self, attempts: RangeInclusive<usize>) -> Self {
        Variant { records: attempts, ..self }
    }

    /// The same where no layer can be taken away: it lands when the same act is done without Cofferdam.
    pub(crate) fn natively(self, act: impl Fn(&World) -> Result<Seen> + Send + Sync + 'static) -> Self {
        Variant { native: Some(Box::new(act)), ..self }
    }
}

/// What the runs of a variant showed.
#[derive(Debug)]
pub(crate) struct VariantResult {
    pub(crate) name: String,
    pub(crate) layer: Option<Layer>,
    pub(crate) runs: [Result<(), String>; 4],
}

/// The runs by name, in their order.
pub(crate) const RUNS: [&str; 4] = ["landed with every layer off", "blocked by its layer alone", "blocked with all on", "twin passed"];

/// What the variants of a class showed.
#[derive(Debug)]
pub(crate) struct ClassResult {
    pub(crate) threat: Threat,
    pub(crate) variants: Vec<VariantResult>,
    pub(crate) took: Duration,
}

impl ClassResult {
    /// How many variants show what they must in one of the [`RUNS`].
    pub(crate) fn shown(&self, run: usize) -> usize {
        self.variants.iter().filter(|variant| variant.runs[run].is_ok()).count()
    }

    /// Whether every variant shows what it must, and there are any.
    pub(crate) fn holds(&self) -> bool {
        !self.variants.is_empty() && (0..RUNS.len()).all(|run| self.shown(run) == self.variants.len())
    }
}

/// Runs the classes, a few at a time. The results are in the order of the classes.
pub(crate) fn run(built: &Path, classes: Vec<Class>) -> Vec<ClassResult> {
    let waiting = Mutex::new(classes.into_iter());
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(class) = { waiting.lock().unwrap_or_else(PoisonError::into_inner).next() } {
                    let result = run_class(built, class);
                    crate::report::progress(&result);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|result| result.threat);
    done
}

fn run_class(built: &Path, class: Class) -> ClassResult {
    let started = Instant::now();
    let variants = class.variants.into_iter().map(|variant| run_variant(built, variant)).collect();
    ClassResult { threat: class.threat, variants, took: started.elapsed() }
}

fn run_variant(built: &Path, variant: Variant) -> VariantResult {
    let text = |result: Result<()>| result.map_err(|error| format!("{error:#}"));
    let runs = [
        text(lands(built, &variant)),
        text(is_blocked(built, &variant, variant.layer.map_or(Layers::None, Layers::Only))),
        text(is_blocked(built, &variant, Layers::All)),
        text(World::new(built, Layers::All).and_then(|world| (variant.twin)(&world))),
    ];
    VariantResult { name: variant.name, layer: variant.layer, runs }
}

fn lands(built: &Path, variant: &Variant) -> Result<()> {
    let seen = (variant.native.as_ref().unwrap_or(&variant.attack))(&World::new(built, Layers::None)?)?;
    if seen.landed { Ok(()) } else { bail!("it did not land: {}; shown: {}", seen.effect, seen.said) }
}

fn is_blocked(built: &Path, variant: &Variant, layers: Layers) -> Result<()> {
    let world = World::new(built, layers)?;
    let Seen { landed, effect, said } = (variant.attack)(&world)?;
    if landed {
        bail!("it landed: {effect}; shown: {said}");
    }
    let (Some(code), Some(layer)) = (variant.code, variant.layer) else { return Ok(()) };
    if !said.contains(code) {
        bail!("it was blocked ({effect}), but not with the error {code}; shown: {said}");
    }
    let records = world.journal()?.iter().filter(|line| line["layer"] == layer.name()).count();
    if matches!(layers, Layers::All) && !variant.records.contains(&records) {
        bail!("it was blocked, and {records} records name the layer {layer} instead of {:?}", variant.records);
    }
    Ok(())
}

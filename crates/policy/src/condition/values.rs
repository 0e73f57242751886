//! A call as CEL values: only what a condition looks at, measured as it is made, and given up as soon as it is too much.

use super::{ARGUMENTS_DEPTH, COST, EvaluationError, check::Uses, cost::Size, cost::Sizes, shortened};
use crate::Labels;
use cel::{ExecutionError, Value as Cel, objects::Key};
use serde_json::{Map, Number, Value};
use std::{collections::HashMap, sync::Arc};

/// The arguments that a condition uses.
pub(super) fn arguments(args: &Map<String, Value>, uses: &Uses, sizes: &mut Sizes) -> Result<Cel, EvaluationError> {
    let mut map = HashMap::new();
    let used = |name: &String| uses.arguments.as_ref().is_none_or(|used| used.contains(name));
    for (name, value) in args.iter().filter(|(name, _)| used(name)) {
        let mut size = Size::of_text(name.len());
        let value = self::value(value, ARGUMENTS_DEPTH, &mut size, COST.saturating_sub(sizes.all.total))?;
        sizes.all = sizes.all.plus(Size { items: size.items.saturating_add(1), ..size });
        sizes.arguments.insert(name.clone(), size);
        map.insert(Key::from(name.as_str()), value);
    }
    Ok(Cel::Map(cel::objects::Map { map: Arc::new(map) }))
}

/// The labels: each kind that there is, then each as `kind:origin`.
pub(super) fn labels(labels: &Labels, sizes: &mut Sizes) -> Cel {
    let mut texts: Vec<String> = Vec::new();
    for label in labels.iter() {
        if texts.last().map(String::as_str) != Some(label.kind.name()) && !texts.iter().any(|text| text == label.kind.name()) {
            texts.push(label.kind.name().to_owned());
        }
        texts.push(format!("{}:{}", label.kind.name(), label.origin));
    }
    sizes.labels = texts.iter().fold(Size { items: texts.len() as u64, total: 1 }, |size, text| size.plus(Size::of_text(text.len())));
    Cel::List(Arc::new(texts.into_iter().map(Cel::from).collect()))
}

/// One value. `size` becomes what it has in it; nothing is made above `most`.
fn value(json: &Value, depth: usize, size: &mut Size, most: u64) -> Result<Cel, EvaluationError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(EvaluationError("the arguments nest too deep for a condition".to_owned()));
    };
    size.total = size.total.saturating_add(match json {
        Value::String(text) => Size::of_text(text.len()).total,
        _ => 1,
    });
    if size.total > most {
        return Err(EvaluationError("the arguments are too large for a condition".to_owned()));
    }
    Ok(match json {
        Value::Null => Cel::Null,
        Value::Bool(truth) => Cel::Bool(*truth),
        Value::Number(number) => self::number(number),
        Value::String(text) => Cel::from(text.as_str()),
        Value::Array(list) => {
            size.items = size.items.max(list.len() as u64);
            let values = list.iter().map(|element| value(element, depth, size, most)).collect::<Result<Vec<_>, _>>()?;
            Cel::List(Arc::new(values))
        }
        Value::Object(map) => {
            size.items = size.items.max(map.len() as u64);
            let mut values = HashMap::with_capacity(map.len().min(1024));
            for (name, element) in map {
                size.total = size.total.saturating_add(Size::of_text(name.len()).total);
                values.insert(Key::from(name.as_str()), value(element, depth, size, most)?);
            }
            Cel::Map(cel::objects::Map { map: Arc::new(values) })
        }
    })
}

/// A whole number where it is one, as JSON makes no difference between 1 and 1.0.
fn number(number: &Number) -> Cel {
    if let Some(int) = number.as_i64() {
        return Cel::Int(int);
    }
    match (number.as_u64(), number.as_f64()) {
        (Some(uint), _) => Cel::UInt(uint),
        (None, Some(float)) => Cel::Float(float),
        (None, None) => Cel::Null,
    }
}

/// Why an evaluation failed. The evaluator's own words hold values, which are a program's: types and names alone are kept.
pub(super) fn in_words(error: &ExecutionError) -> String {
    let words = match error {
        ExecutionError::NoSuchKey(name) => format!("there is no {name:?}; has(...) asks whether there is"),
        ExecutionError::NoSuchOverload(_) | ExecutionError::UndeclaredReference(_) | ExecutionError::UnexpectedType { .. } => error.to_string(),
        ExecutionError::InvalidArgumentCount { .. } => error.to_string(),
        ExecutionError::ValuesNotComparable(..) => "the values cannot be compared".to_owned(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "a division by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "the index is outside of the list".to_owned(),
        ExecutionError::UnsupportedKeyType(_) | ExecutionError::UnsupportedIndex(..) => "the value cannot be used as a key".to_owned(),
        ExecutionError::DuplicateKey(_) => "a key is there twice".to_owned(),
        _ => "the condition does not fit these arguments".to_owned(),
    };
    shortened(&words).to_owned()
}

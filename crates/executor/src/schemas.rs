//! Compiled argument and result schemas of tools, kept between calls.

use gate::Schema;
use policy::{CallError, ErrorCode, Tool, ToolName};
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How many tools' schemas are kept. The catalog is bounded; this bounds what redefinitions add.
const KEPT: usize = 4096;

/// The compiled schemas of one tool, and the definition they belong to.
#[derive(Debug)]
struct Compiled {
    input_schema: Value,
    output_schema: Option<Value>,
    input: Option<Schema>,
    output: Option<Schema>,
}

/// The cache.
#[derive(Debug, Default)]
pub(crate) struct Schemas(Mutex<HashMap<ToolName, Arc<Compiled>>>);

impl Schemas {
    fn of(&self, tool: &Tool) -> Arc<Compiled> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = kept.get(&tool.name)
            && compiled.input_schema == tool.input_schema
            && compiled.output_schema == tool.output_schema
        {
            return Arc::clone(compiled);
        }
        if kept.len() >= KEPT {
            kept.clear();
        }
        let compiled = Arc::new(Compiled {
            input: Schema::compile(&tool.input_schema),
            output: tool.output_schema.as_ref().and_then(Schema::compile),
            input_schema: tool.input_schema.clone(),
            output_schema: tool.output_schema.clone(),
        });
        kept.insert(tool.name.clone(), Arc::clone(&compiled));
        compiled
    }

    /// Checks arguments against the tool's schema. A schema that is itself unusable checks nothing: the upstream will.
    pub(crate) fn check_arguments(&self, tool: &Tool, arguments: &Map<String, Value>) -> Result<(), CallError> {
        let compiled = self.of(tool);
        let Some(schema) = &compiled.input else { return Ok(()) };
        schema.check(&Value::Object(arguments.clone())).map_err(|problem| {
            CallError::new(ErrorCode::InvalidArguments, format!("{}: {problem}. It takes {}", tool.name, gate::signature(tool))).of(&tool.name)
        })
    }

    /// Checks `structuredContent` against the tool's own output schema.
    pub(crate) fn check_structured(&self, tool: &Tool, structured: &Value) -> Result<(), CallError> {
        let compiled = self.of(tool);
        let Some(schema) = &compiled.output else { return Ok(()) };
        schema.check(structured).map_err(|problem| {
            let message = format!("{} answered something that its own output schema does not allow: {problem}", tool.name);
            CallError::new(ErrorCode::ToolOutputInvalid, message).of(&tool.name)
        })
    }
}

//! Takes the types off a TypeScript program and keeps the map back to its positions. Enums, namespaces and parameter properties become
//! code; nothing else is lowered.

use super::positions::Mapped;
use super::{Parsed, Wrong};
use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_transformer::{TransformOptions, Transformer};
use std::path::{Path, PathBuf};

/// The JavaScript of a program, and where its tokens came from, in order.
pub(super) fn strip<'a>(allocator: &'a Allocator, parsed: Parsed<'a>) -> Result<(String, Vec<Mapped>), Wrong> {
    let Parsed { mut program, scoping } = parsed;
    let path = Path::new("program.ts");
    let transformed = Transformer::new(allocator, path, &TransformOptions::default()).build_with_scoping(scoping, &mut program);
    if let Some(error) = transformed.diagnostics.first() {
        return Err(Wrong::new(error.labels.first().map(|label| label.offset()), &error.message));
    }
    let options = CodegenOptions { source_map_path: Some(PathBuf::from("program.ts")), ..CodegenOptions::default() };
    let generated = Codegen::new().with_options(options).build(&program);
    let tokens = generated.map.iter().flat_map(|map| map.get_tokens());
    let map = tokens.map(|t| Mapped { line: t.get_dst_line() + 1, column: t.get_dst_col() + 1, source: (t.get_src_line() + 1, t.get_src_col() + 1) });
    Ok((generated.code, map.collect()))
}

//! What must hold of any bytes: entry points for fuzzers (`crates/fuzz`), and the same for tests with bytes of their own. Not part of a build.

use crate::{
    frame::{self, FromWorker, ToWorker},
    pages::{self, MARK, WASM_PAGE_BYTES},
    snapshot,
};
use serde::{Deserialize, Serialize};

/// Frames in both directions: what is read is written and read again as the same bytes, and bytes that are none are an error.
pub fn frames(bytes: &[u8]) {
    frames_of::<ToWorker>(bytes);
    frames_of::<FromWorker>(bytes);
}

fn frames_of<T: Serialize + for<'a> Deserialize<'a>>(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(message) = frame::receive::<T>(&mut rest) {
        let written = frame::encode(&message).unwrap_or_default();
        let again = frame::receive::<T>(written.as_slice()).map(|again| frame::encode(&again).unwrap_or_default());
        assert_eq!(again.ok(), Some(written), "a message that was read is not the one that was written");
    }
}

/// The least memory of these checkpoints' guest, in bytes, and the most.
const MEMORY_BYTES: (u64, u64) = (WASM_PAGE_BYTES, 4 * WASM_PAGE_BYTES);

/// A checkpoint, as it is and as the content of a sound frame: what is restored has a memory within the limits.
pub fn checkpoint(bytes: &[u8]) {
    let inside = zstd::stream::encode_all([&MARK[..], bytes].concat().as_slice(), 1).unwrap_or_default();
    for source in [bytes, &inside] {
        let Ok(opened) = pages::open(source, MEMORY_BYTES.0, MEMORY_BYTES.1) else { continue };
        let memory_bytes = opened.header.memory_bytes;
        assert!((MEMORY_BYTES.0..=MEMORY_BYTES.1).contains(&memory_bytes), "a memory of {memory_bytes} bytes");
        let mut memory = vec![0; usize::try_from(memory_bytes).unwrap_or_default()];
        let pages = opened.header.pages as usize;
        if let Ok(header) = opened.read_into(&mut memory, usize::try_from(MEMORY_BYTES.0).unwrap_or_default()) {
            assert!(header.pages as usize == pages && pages * header.page_bytes as usize <= memory.len(), "more pages than memory");
        }
    }
}

/// A module that somebody would have us take for a guest.
pub fn module(bytes: &[u8]) {
    let _ = snapshot::inspect(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{NotSaved, Saved, Trapped, Untaped};
    use crate::pages::OpenFile;
    use crate::run::{Bind, Turn};
    use proptest::{collection::vec, prelude::*, sample::Index};
    use serde_bytes::ByteBuf;
    use std::path::Path;

    /// One frame of each kind.
    fn sound() -> Vec<Vec<u8>> {
        let bind = Bind {
            workspace: "/w".to_owned(),
            memory_bytes: 1,
            workspace_bytes: 2,
            workspace_files: 3,
            environment: vec![("A".to_owned(), "b".to_owned())],
            files: vec![],
        };
        let turn = || Turn { document: b"{}".to_vec(), seed: [7; 32], clock_ns: 5, tape: Some(ByteBuf::from(*b"tape")) };
        let to = [
            ToWorker::Bind { bind, turn: Some(turn()) },
            ToWorker::Turn(turn()),
            ToWorker::Checkpoint { limit_bytes: u64::MAX },
            ToWorker::Pages(ByteBuf::from([1; 100])),
            ToWorker::Reply(ByteBuf::from(*b"null")),
            ToWorker::OwnPages,
        ];
        let from = [
            FromWorker::Ready,
            FromWorker::Bound,
            FromWorker::HostCall(ByteBuf::from(*b"{}")),
            FromWorker::Ended { status: -5, tape: Err(Untaped::OlderFiles) },
            FromWorker::Trapped { trap: Trapped::Exit(3), message: "m".to_owned(), tape: Ok(ByteBuf::new()) },
            FromWorker::Pages(ByteBuf::from([1; 100])),
            FromWorker::Saved(Saved { memory_bytes: 1, pages: 2, files: 3, lost_files: 4 }),
            FromWorker::NotSaved(NotSaved::Impossible("i".to_owned())),
            FromWorker::Restored,
            FromWorker::Refused("r".to_owned()),
            FromWorker::Fault("f".to_owned()),
            FromWorker::OwnPages(Ok(vec![1, 2, 700])),
        ];
        let to = to.iter().map(|message| frame::encode(message).unwrap());
        to.chain(from.iter().map(|message| frame::encode(message).unwrap())).collect()
    }

    /// Some of these one after the other, with bytes changed, inserted and cut off.
    fn changed(sound: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
        let pieces = vec(proptest::sample::select(sound), 1..4).prop_map(|pieces| pieces.concat());
        (pieces, vec((any::<Index>(), any::<u8>(), any::<bool>()), 0..4), any::<Index>(), any::<bool>()).prop_map(|(mut bytes, changes, end, cut)| {
            for (at, byte, insert) in changes {
                let at = at.index(bytes.len());
                if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            bytes
        })
    }

    fn sound_checkpoint() -> Vec<u8> {
        let mut bytes = Vec::new();
        let memory = vec![3; usize::try_from(2 * WASM_PAGE_BYTES).unwrap()];
        pages::encode(&mut bytes, &memory, &[0; 1 << 16], &[0, 5, 31], Vec::new()).unwrap();
        bytes
    }

    fn sound_module() -> Vec<u8> {
        let text = r#"(module (import "host" "call" (func (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
            (global (export "__stack_pointer") (mut i32) (i32.const 8)) (data (i32.const 0) "abc")
            (func (export "host_alloc") (param i32) (result i32) (local.get 0)) (func (export "turn") (param i32 i32) (result i32) (i32.const 0)))"#;
        wat::parse_str(text).unwrap()
    }

    /// What the content of a frame of zstd is, behind the mark, in a checkpoint of some pages and in one of an open file alone.
    fn contents_of_checkpoints() -> [Vec<u8>; 2] {
        let file = OpenFile { fd: 5, path: "a/b".to_owned(), lookup: 1, open_flags: 0, rights: 66, fd_flags: 1, offset: 7 };
        let mut of_a_file = Vec::new();
        pages::encode(&mut of_a_file, &[0; 1 << 16], &[0; 1 << 16], &[], vec![file]).unwrap();
        [sound_checkpoint(), of_a_file].map(|bytes| zstd::stream::decode_all(bytes.as_slice()).unwrap()[MARK.len()..].to_vec())
    }

    /// Fuzzers begin with these, so that they get past the first check.
    #[test]
    fn the_seeds_are_of_the_formats_of_today() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
        for (target, sound) in [("frames", sound()), ("checkpoint", contents_of_checkpoints().to_vec()), ("module", vec![sound_module()])] {
            for (number, bytes) in sound.iter().enumerate() {
                let file = seeds.join(target).join(number.to_string());
                if std::env::var_os("UPDATE_EXPECT").is_some() {
                    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                    std::fs::write(&file, bytes).unwrap();
                }
                assert!(std::fs::read(&file).ok().as_ref() == Some(bytes), "{} is of another format; UPDATE_EXPECT=1 writes it", file.display());
            }
        }
    }

    #[test]
    fn the_sound_ones_are_sound() {
        for bytes in sound() {
            let (to, from) = (frame::receive::<ToWorker>(bytes.as_slice()), frame::receive::<FromWorker>(bytes.as_slice()));
            assert!(to.is_ok() || from.is_ok(), "{bytes:?}");
        }
        let bytes = sound_checkpoint();
        let opened = pages::open(bytes.as_slice(), MEMORY_BYTES.0, MEMORY_BYTES.1).unwrap();
        assert_eq!(opened.header.pages, 3);
        let [_, of_a_file] = contents_of_checkpoints();
        let bytes = zstd::stream::encode_all([&MARK[..], &of_a_file].concat().as_slice(), 1).unwrap();
        assert_eq!(pages::open(bytes.as_slice(), MEMORY_BYTES.0, MEMORY_BYTES.1).unwrap().header.files.len(), 1);
        assert!(snapshot::inspect(&sound_module()).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_frames_or_errors(bytes in vec(any::<u8>(), 0..200)) {
            frames(&bytes);
            // Behind a length that is true, the message itself is looked at.
            frames(&[&u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes.as_slice()].concat());
        }

        #[test]
        fn changed_frames_are_frames_or_errors(bytes in changed(sound())) {
            frames(&bytes);
        }

        #[test]
        fn changed_checkpoints_are_checkpoints_or_errors(bytes in changed(vec![sound_checkpoint()])) {
            checkpoint(&bytes);
        }

        #[test]
        fn changed_modules_are_guests_or_refused(bytes in changed(vec![sound_module()])) {
            module(&bytes);
        }
    }
}

//! Checkpoints that are none: each is refused with a reason, ends its worker, and leaves the next restore as it is.

use crate::{
    checkpoints::{guest, save},
    fixture::{Fixture, status_of},
};
use sandbox::RestoreError;
use std::io::Write;

/// The mark and version that every checkpoint begins with.
const MARK: &[u8] = b"coffer\0\x02";

/// A checkpoint made by hand, compressed: this header, these indexes, this many bytes of pages.
fn blob(mark: &[u8], memory_bytes: u64, page_bytes: u32, pages: u32, indexes: &[u32], page_content: usize) -> Vec<u8> {
    let files: Vec<()> = vec![];
    let header = postcard::to_allocvec(&(memory_bytes, page_bytes, pages, files)).unwrap();
    let mut plain = mark.to_vec();
    plain.extend(u32::try_from(header.len()).unwrap().to_le_bytes());
    plain.extend(header);
    plain.extend(indexes.iter().flat_map(|index| index.to_le_bytes()));
    plain.extend(vec![7; page_content]);
    compressed(&plain)
}

fn compressed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

const TWO: u64 = 2 << 16;
const PAGE: u32 = 4096;

#[tokio::test]
async fn what_is_no_checkpoint_is_refused_with_its_reason() {
    let fixture = Fixture::new(&guest()).await;
    // The control: made by hand and sound, it is taken; the counter's page is full of sevens then.
    let sound = blob(MARK, TWO, PAGE, 1, &[0], 4096);
    assert_eq!(status_of(&mut fixture.restored(&sound).await.unwrap(), &["i"]).await, 0x0707_0707 + 1);

    let outside = |bytes: u64| format!("its memory of {bytes} bytes is outside 131072 to 16777216");
    let rise = "its page indexes do not rise within its memory".to_owned();
    let trailing = "bytes follow its last page".to_owned();
    let truncated = |what: &str| format!("its bytes are damaged ({what})");
    let followed = [sound.clone(), vec![0]].concat();
    let twice = [sound.clone(), sound.clone()].concat();
    let cases = [
        ("another version", blob(b"coffer\0\x01", TWO, PAGE, 1, &[0], 4096), "it is of another version".to_owned()),
        ("no checkpoint", compressed(&[0; 100]), "it is of another version".to_owned()),
        ("a long header", compressed(&[MARK, &[0xff; 4]].concat()), "its header is damaged".to_owned()),
        ("another header", compressed(&[MARK, &[2, 0, 0, 0, 1, 2]].concat()), "its header is damaged".to_owned()),
        ("other pages", blob(MARK, TWO, 1 << 14, 1, &[0], 1 << 14), "it was saved with pages of 16384 bytes".to_owned()),
        ("memory over the limit", blob(MARK, 17 << 20, PAGE, 1, &[0], 4096), outside(17 << 20)),
        ("memory beyond measure", blob(MARK, u64::MAX << 16, PAGE, 1, &[0], 4096), outside(u64::MAX << 16)),
        ("memory below the image", blob(MARK, 1 << 16, PAGE, 1, &[0], 4096), outside(1 << 16)),
        ("half a page of memory", blob(MARK, TWO + 1, PAGE, 1, &[0], 4096), outside(TWO + 1)),
        ("more pages than memory", blob(MARK, TWO, PAGE, 33, &[0; 33], 33 * 4096), rise.clone()),
        ("four thousand million pages", blob(MARK, TWO, PAGE, u32::MAX, &[0], 4096), rise.clone()),
        ("an index outside", blob(MARK, TWO, PAGE, 1, &[32], 4096), rise.clone()),
        ("an index twice", blob(MARK, TWO, PAGE, 2, &[3, 3], 8192), rise.clone()),
        ("falling indexes", blob(MARK, TWO, PAGE, 2, &[4, 3], 8192), rise),
        ("a page too few", blob(MARK, TWO, PAGE, 2, &[3, 4], 4096), truncated("failed to fill whole buffer")),
        ("a byte too many", blob(MARK, TWO, PAGE, 1, &[0], 4097), trailing.clone()),
        ("16 MiB too many", blob(MARK, TWO, PAGE, 1, &[0], 16 << 20), trailing.clone()),
        ("a byte after the frame", followed, trailing.clone()),
        ("two in one", twice, trailing),
        ("nothing", vec![], truncated("incomplete frame")),
        ("no zstd", b"#!/bin/sh\n".to_vec(), truncated("Unknown frame descriptor")),
    ];
    for (what, bytes, reason) in cases {
        match fixture.restored(&bytes).await {
            Err(RestoreError::Refused(found)) => assert_eq!(found, reason, "{what}"),
            Err(error) => panic!("{what}: {error:?}"),
            Ok(_) => panic!("{what}: restored"),
        }
    }
    assert_eq!(status_of(&mut fixture.restored(&sound).await.unwrap(), &["i"]).await, 0x0707_0707 + 1);
}

#[tokio::test]
async fn a_truncated_or_flipped_checkpoint_is_refused() {
    let fixture = Fixture::new(&guest()).await;
    let mut worker = fixture.bound().await;
    status_of(&mut worker, &["i", "i"]).await;
    let (_, blob) = save(&mut worker).await;
    drop(worker);
    let refused = |result: Result<_, RestoreError>, what: String| match result {
        Err(RestoreError::Refused(_)) => {}
        Err(error) => panic!("{what}: {error:?}"),
        Ok(_) => panic!("{what}: restored"),
    };
    for length in (0..blob.len()).step_by(blob.len() / 20 + 1).chain([blob.len() - 1]) {
        refused(fixture.restored(&blob[..length]).await, format!("cut to {length}"));
    }
    // Where data repeats itself, zstd can say the same in two ways: then nothing is lost. All else its checksum finds.
    let (mut harmless, mut tried) = (0, 0);
    for at in (0..blob.len()).step_by(blob.len() / 60 + 1) {
        let mut flipped = blob.clone();
        flipped[at] ^= 1 << (at % 3);
        tried += 1;
        match fixture.restored(&flipped).await {
            Ok(mut worker) => {
                harmless += 1;
                assert_eq!(save(&mut worker).await.1, blob, "bit {} of byte {at}", at % 3);
            }
            result => refused(result, format!("bit {} of byte {at}", at % 3)),
        }
    }
    assert!(harmless * 10 < tried, "{harmless} of {tried}");
    assert_eq!(status_of(&mut fixture.restored(&blob).await.unwrap(), &["i"]).await, 3);
}

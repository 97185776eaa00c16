//! A fuzzer for the reader: mutates files of a corpus for a while, repairs their checksums so that they get
//! beyond them, and asks every graph that comes of one every question.
//!
//! It runs on stable Rust, a second long as a test; `make fuzz` runs a minute (`REFROOTS_FUZZ_SECONDS`), from another
//! seed each day unless `REFROOTS_FUZZ_SEED` says one. A file that makes it panic is written to `fuzz/crash.refroots`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use refroots_core::snapshot::forge::Forged;
use refroots_core::snapshot::{self, Reading};

mod questions;
use questions::ask_everything;

/// xorshift64* (Vigna 2016).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, below: usize) -> usize {
        (self.next() % below.max(1) as u64) as usize
    }

    /// A number that breaks things, or any.
    fn number(&mut self) -> u64 {
        const ODD: [u64; 12] = [0, 1, 7, 63, 255, 65_535, 65_536, 1 << 28, u32::MAX as u64, 1 << 57, i64::MAX as u64, u64::MAX];
        if self.below(2) == 0 { ODD[self.below(ODD.len())] } else { self.next() >> self.below(64) }
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Small files: large ones are only read, not mutated often enough.
fn corpus() -> Vec<Vec<u8>> {
    let folders = ["fuzz/corpus", "fixtures/snapshots"].map(folder);
    let mut paths: Vec<PathBuf> =
        folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap().map(|at| at.unwrap().path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "refroots"));
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Changes the contents of a file, and writes it with checksums that are right.
fn mutate(forged: &Forged, random: &mut Random) -> Vec<u8> {
    let mut forged = forged.clone();
    for _ in 0..=random.below(4) {
        let sections = forged.sections.len();
        let at = random.below(sections);
        let section = &mut forged.sections[at];
        let blocks = section.blocks.len();
        match (random.below(12), section.blocks.get_mut(random.below(blocks))) {
            (0, _) => section.count = random.number(),
            (1, _) => section.encoding = random.below(8) as u8,
            (2, _) => {
                forged.sections.remove(at);
            }
            (3, Some(block)) => block.0 = random.number() as u32,
            (4, Some((_, raw))) => raw.truncate(random.below(raw.len() + 1)),
            (5, Some((_, raw))) => raw.extend((0..random.below(20)).map(|at| at as u8)),
            (6, Some((elements, _))) => {
                // The same number of elements, all new.
                let numbers: Vec<u64> = (0..(*elements).min(1 << 16)).map(|_| random.number() >> random.below(64)).collect();
                section.set(&numbers);
            }
            (7, Some((elements, _))) => {
                let below = random.below(40) as u64 + 1;
                let numbers: Vec<u64> = (0..(*elements).min(1 << 16)).map(|_| random.next() % below).collect();
                section.set(&numbers);
            }
            (8, _) => section.set(&(0..random.below(9)).map(|_| random.next() % 30).collect::<Vec<u64>>()),
            (_, Some((_, raw))) if !raw.is_empty() => {
                for _ in 0..=random.below(3) {
                    let place = random.below(raw.len());
                    raw[place] = match random.below(3) {
                        0 => random.next() as u8,
                        1 => raw[place].wrapping_add(1),
                        _ => raw[place] ^ 1 << random.below(8),
                    };
                }
            }
            _ => {}
        }
    }
    let mut bytes = forged.bytes().unwrap();
    if random.below(10) == 0 {
        let place = random.below(bytes.len());
        bytes[place] = random.next() as u8;
    }
    bytes
}

/// Whether a graph came of the file.
fn look_at(bytes: &[u8]) -> bool {
    let at_once = snapshot::read_in(&mut Cursor::new(bytes), Reading::References, &mut |_, _| ControlFlow::Continue(()));
    let is_read = look_at_objects(bytes);
    assert_eq!(at_once.is_ok(), is_read);
    is_read
}

fn look_at_objects(bytes: &[u8]) -> bool {
    match snapshot::read(&mut Cursor::new(bytes), &mut |_, _| ControlFlow::Continue(())) {
        Ok(graph) => {
            ask_everything(&graph);
            let mut again = Vec::new();
            snapshot::write(&graph, refroots_core::Values::None, &mut again, &mut |_, _| ControlFlow::Continue(())).unwrap();
            snapshot::read(&mut Cursor::new(again), &mut |_, _| ControlFlow::Continue(())).unwrap();
            true
        }
        Err(error) => error.to_string().is_empty(),
    }
}

#[test]
fn mutated_files_never_panic() {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let seconds = number("REFROOTS_FUZZ_SECONDS");
    let seed = number("REFROOTS_FUZZ_SEED").unwrap_or(if seconds.is_some() { day } else { 1 });
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(1));
    let corpus = corpus();
    assert!(corpus.len() > 2, "the corpus is in fuzz/corpus");
    let forged: Vec<Forged> = corpus.iter().map(|bytes| Forged::of(bytes).unwrap()).collect();
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (mut files, mut graphs) = (0_u64, 0_u64);
    while Instant::now() < end {
        let bytes = mutate(&forged[random.below(forged.len())], &mut random);
        match catch_unwind(|| look_at(&bytes)) {
            Ok(is_graph) => graphs += u64::from(is_graph),
            Err(_) => {
                fs::write(folder("fuzz/crash.refroots"), &bytes).unwrap();
                panic!("seed {seed}, file {files}: kept as fuzz/crash.refroots");
            }
        }
        files += 1;
    }
    assert!(files > 20 && graphs > 0, "{files} files gave {graphs} graphs");
    if seconds.is_some() {
        fs::write(folder("target/fuzz.txt"), format!("seed {seed}: {files} files, {graphs} of them graphs, no panic\n")).unwrap();
    }
}

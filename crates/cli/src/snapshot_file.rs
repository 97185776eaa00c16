//! Snapshots as files: saved whole or not at all, opened with the file's name in each error.

use std::fs::File;
use std::path::Path;

use refroots_core::snapshot::{self, Progress, Reading, SnapshotError};
use refroots_core::{HeapGraph, Values};

use crate::{Error, Unfinished};

/// Saves a graph at a path, by renaming the finished file. Into a pipe or a device it is written as it comes.
///
/// # Errors
/// [`Error::Write`], and [`Error::Stopped`] where `progress` says so; then nothing is left behind.
pub fn save_snapshot(graph: &HeapGraph, path: &Path, values: Values, progress: Progress<'_>) -> Result<(), Error> {
    finish_snapshot(graph, Unfinished::new(path)?, values, progress)
}

/// Saves a graph in a file that was begun before, to know that it can be.
///
/// # Errors
/// As for [`save_snapshot`].
pub fn finish_snapshot(graph: &HeapGraph, file: Unfinished, values: Values, progress: Progress<'_>) -> Result<(), Error> {
    match snapshot::write(graph, values, &mut file.file(), progress) {
        Ok(()) => file.finish(),
        Err(SnapshotError::Io(source)) => Err(file.failed(source)),
        Err(SnapshotError::Stopped) => Err(Error::Stopped),
        Err(other) => Err(Error::Internal(other.to_string())),
    }
}

/// Opens a snapshot.
///
/// # Errors
/// [`Error::Read`] where the file cannot be read, [`Error::Snapshot`] where it is none or is damaged,
/// [`Error::Stopped`] where `progress` says so.
pub fn open_snapshot(path: &Path, progress: Progress<'_>) -> Result<HeapGraph, Error> {
    open_snapshot_in(path, Reading::References, None, progress)
}

/// As [`open_snapshot`], where so many bytes of memory are left; what is not read is read when it is asked for.
///
/// # Errors
/// As for [`open_snapshot`].
pub fn open_snapshot_in(path: &Path, reading: Reading, left: Option<u64>, progress: Progress<'_>) -> Result<HeapGraph, Error> {
    let read = File::open(path).map_err(SnapshotError::from).and_then(|mut file| {
        let needed = snapshot::memory_needed(&mut file)?;
        match left {
            Some(left) if left < needed => Err(SnapshotError::OutOfMemory(needed - left)),
            _ => snapshot::read_in(&mut file, reading, progress),
        }
    });
    read.map_err(|error| match error {
        SnapshotError::Io(source) => Error::Read { path: path.to_owned(), source },
        SnapshotError::Stopped => Error::Stopped,
        source => Error::Snapshot { path: path.to_owned(), source },
    })
}

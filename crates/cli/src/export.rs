//! Exports by the ending of a path: a file, or a folder of tables, there whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use refroots_core::Study;
use refroots_core::export::{self, Format, Options, Progress};
use tempfile::{Builder, TempDir};

use crate::Error;
use crate::atomic::{Listed, folder_of, write_atomically_by};

/// Exports a heap into what `path` ends in. A folder of tables replaces another one, nothing else.
///
/// # Errors
/// [`Error::Usage`] for an ending that is no format and a folder that is no export; [`Error::Write`],
/// [`Error::Export`]. Then what was there before is as it was.
pub fn export(study: &Study, path: &Path, options: Options<'_>, progress: &mut Progress<'_>) -> Result<(), Error> {
    let format = Format::of_ending(path).map_err(|error| Error::Usage(error.to_string()))?;
    if options.ids.is_some() && format != Format::HeapSnapshot {
        return Err(Error::Usage("ids that go on from an earlier heap are for .heapsnapshot alone".to_owned()));
    }
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if format.is_folder() {
        return export_folder(study, path, options, progress);
    }
    if format.needs_retained_sizes() {
        // Before there is a file: this is the one part that cannot be stopped.
        study.dominators()?;
    }
    let mut exported = Ok(());
    write_atomically_by(path, |file| {
        exported = export::write(study, format, options, file, progress);
        match &exported {
            Ok(()) => Ok(()),
            Err(_) => Err(io::ErrorKind::Other.into()),
        }
    })
    .map_err(|error| match std::mem::replace(&mut exported, Ok(())) {
        Err(export::Error::Write(source)) => failed(source),
        Err(other) => Error::Export(other),
        Ok(()) => error,
    })
}

fn export_folder(study: &Study, path: &Path, options: Options<'_>, progress: &mut Progress<'_>) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    if is_foreign(path).map_err(failed)? {
        let words = format!("{} is there and is no folder of tables that an export wrote; give another name", path.display());
        return Err(Error::Usage(words));
    }
    study.dominators()?;
    let made = beside(path).map_err(failed)?;
    let _listed = Listed::new(made.path());
    let open = |name: &str| File::create(made.path().join(name)).map(|file| Box::new(file) as Box<dyn Write + Send>);
    export::write_tables(study, options.values, &open, progress).map_err(|error| match error {
        export::Error::Write(source) => failed(source),
        other => Error::Export(other),
    })?;
    put_in_place(made, path).map_err(failed)
}

/// Whether something stands at the path that is not to be replaced: a file, a folder with other things in it.
fn is_foreign(path: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(true),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let name = entry?.file_name();
        if !export::TABLES.iter().any(|table| name.to_str() == Some(table)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn beside(path: &Path) -> io::Result<TempDir> {
    // The umask takes its part away, as with any folder.
    Builder::new().prefix(".refroots-").permissions(Permissions::from_mode(0o777)).tempdir_in(folder_of(path))
}

/// Renames a finished folder to its place. An older one is renamed away first and put back where that fails.
fn put_in_place(made: TempDir, path: &Path) -> io::Result<()> {
    let older = if path.exists() {
        let aside = beside(path)?;
        fs::rename(path, aside.path())?;
        Some(aside)
    } else {
        None
    };
    match fs::rename(made.path(), path) {
        Ok(()) => {
            // What it was is at its place now, so there is nothing to take away.
            let _ = made.keep();
            Ok(())
        }
        Err(error) => {
            if let Some(aside) = older {
                fs::rename(aside.keep(), path)?;
            }
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use refroots_core::sketch;

    fn study() -> Study {
        Study::new(sketch::parse("app: module 'app' root\napp -> l .items\nl: list").unwrap())
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_and_folders_are_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mut on = |_, _| ControlFlow::Continue(());
        for name in ["a.heapsnapshot", "a.graphml", "a.json", "a.folded"] {
            export(&study(), &at(name), Options::default(), &mut on).unwrap();
            export(&study(), &at(name), Options::default(), &mut on).unwrap();
        }
        let all = ["a.folded", "a.graphml", "a.heapsnapshot", "a.json"];
        assert_eq!(names(folder.path()), all);
        for name in ["b.heapsnapshot", "b.graphml", "b.json", "b.folded"] {
            let stopped = export(&study(), &at(name), Options::default(), &mut |_, _| ControlFlow::Break(())).unwrap_err();
            assert!(matches!(stopped, Error::Export(export::Error::Stopped)), "{stopped}");
        }
        assert_eq!(names(folder.path()), all);
        let unknown = export(&study(), &at("a.xlsx"), Options::default(), &mut on).unwrap_err().to_string();
        assert!(unknown.contains("expected one of .heapsnapshot"), "{unknown}");
        assert_eq!(names(folder.path()), all);
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn a_folder_of_tables_replaces_another_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.parquet");
        let mut on = |_, _| ControlFlow::Continue(());
        for _ in 0..2 {
            export(&study(), &target, Options::default(), &mut on).unwrap();
            assert_eq!(names(&target), ["nodes.parquet", "references.parquet", "roots.parquet", "types.parquet"]);
        }
        let stopped = export(&study(), &target, Options::default(), &mut |_, _| ControlFlow::Break(())).unwrap_err();
        assert!(matches!(stopped, Error::Export(export::Error::Stopped)), "{stopped}");
        fs::write(target.join("mine.txt"), "x").unwrap();
        let refused = export(&study(), &target, Options::default(), &mut on).unwrap_err().to_string();
        assert!(refused.contains("is no folder of tables"), "{refused}");
        fs::write(folder.path().join("file.parquet"), "x").unwrap();
        assert!(export(&study(), &folder.path().join("file.parquet"), Options::default(), &mut on).is_err());
        assert!(export(&study(), &folder.path().join("missing/a.parquet"), Options::default(), &mut on).is_err());
        assert_eq!(names(folder.path()), ["a.parquet", "file.parquet"]);
    }
}

//! Writing a file so that it is there whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::{Builder, NamedTempFile};

use crate::Error;

/// Writes a file by renaming a finished one over it. A new file gets the mode that an ordinary
/// `open` gives, an old one keeps its own.
///
/// # Errors
/// [`Error::Write`] where the folder cannot be written or the path is a directory; then nothing is
/// left behind.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let unfinished = Unfinished::new(path)?;
    unfinished.file().write_all(bytes).map_err(|source| unfinished.failed(source))?;
    unfinished.finish()
}

/// As [`write_atomically`], with what `write` writes. The file is made with the first byte, so that work before it
/// that ends with the process leaves nothing either.
pub(crate) fn write_atomically_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    // What cannot be written is said before the work; a pipe is opened only once.
    let begun = Unfinished::new(path)?;
    let mut late = Late { path, file: Some(begun).filter(|begun| matches!(begun.to, To::Itself(_))) };
    write(&mut late).map_err(|source| Error::Write { path: path.to_owned(), source })?;
    late.take()?.finish()
}

/// A file that is made when it is written to.
struct Late<'a> {
    path: &'a Path,
    file: Option<Unfinished>,
}

impl Late<'_> {
    fn take(&mut self) -> Result<Unfinished, Error> {
        self.file.take().map_or_else(|| Unfinished::new(self.path), Ok)
    }
}

impl Write for Late<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = self.take().map_err(|error| match error {
            Error::Write { source, .. } => source,
            other => io::Error::other(other),
        })?;
        let written = file.file().write(bytes);
        self.file = Some(file);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is not at its place yet: dropped, nothing of it stays.
pub struct Unfinished {
    path: PathBuf,
    to: To,
}

enum To {
    /// Beside its place.
    Beside(NamedTempFile, Listed),
    /// A pipe or a device, which cannot be renamed over and keeps what it was given.
    Itself(File),
}

impl Unfinished {
    /// Begins a file that is to stand at `path`.
    ///
    /// # Errors
    /// [`Error::Write`] where the folder cannot be written or the path is a directory.
    pub fn new(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: path.to_owned(), source };
        let to = match fs::metadata(path) {
            Ok(old) if !old.is_file() => OpenOptions::new().write(true).open(path).map(To::Itself),
            _ => beside(path).map(|file| {
                let listed = Listed::new(file.path());
                To::Beside(file, listed)
            }),
        };
        Ok(Self { path: path.to_owned(), to: to.map_err(failed)? })
    }

    /// Where its bytes go meanwhile.
    pub fn file(&self) -> &File {
        match &self.to {
            To::Beside(file, _) => file.as_file(),
            To::Itself(file) => file,
        }
    }

    /// An error of writing to it, with its name.
    pub fn failed(&self, source: io::Error) -> Error {
        Error::Write { path: self.path.clone(), source }
    }

    /// Puts it at its place, with the mode of the file that it takes the place of.
    ///
    /// # Errors
    /// [`Error::Write`]; then nothing is left behind.
    pub fn finish(self) -> Result<(), Error> {
        let Self { path, to } = self;
        let To::Beside(file, _listed) = to else { return Ok(()) };
        let put = || {
            if let Ok(old) = fs::metadata(&path) {
                file.as_file().set_permissions(old.permissions())?;
            }
            file.persist(&path).map_err(|error| error.error)
        };
        put().map(|_| ()).map_err(|source| Error::Write { path: path.clone(), source })
    }
}

/// The files and folders that are not at their place yet.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// That a file or folder stands in the list of those: dropped, it does no more.
pub(crate) struct Listed(PathBuf);

impl Listed {
    pub(crate) fn new(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
        Self(path)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.0);
    }
}

/// Removes every file that is not at its place, for a process that ends now.
pub(crate) fn remove_unfinished() {
    for path in UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        // Nobody to tell; the process ends.
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}

/// Says before a program runs what would go wrong after it.
///
/// # Errors
/// [`Error::Usage`] where the path is a directory, its folder is missing or cannot be written.
pub(crate) fn check_writable(path: &Path) -> Result<(), Error> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Error::Usage(format!(
            "-o {shown} is a directory; give the name of a file, such as {}",
            path.join("refs.png").display()
        )));
    }
    check_folder(path)
}

/// The same where a folder may be replaced too.
///
/// # Errors
/// [`Error::Usage`] where the path's folder is missing or cannot be written.
pub(crate) fn check_folder(path: &Path) -> Result<(), Error> {
    let (shown, folder) = (path.display(), folder_of(path));
    if !folder.is_dir() {
        return Err(Error::Usage(format!("-o {shown}: there is no folder {}; make it first", folder.display())));
    }
    match beside(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Usage(format!("-o {shown}: cannot write into {}: {error}", folder.display()))),
    }
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn beside(path: &Path) -> io::Result<NamedTempFile> {
    // The umask takes its part away, as with any file.
    let file = Builder::new().prefix(".refroots-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder_of(path));
    // tempfile's own words end in a temporary name, which says nothing to the user: the system's do.
    file.map_err(|error| {
        let inner = error.get_ref().and_then(|wrapped| wrapped.source()?.downcast_ref::<io::Error>());
        inner.and_then(io::Error::raw_os_error).map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_mode_is_that_of_an_ordinary_file() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        write_atomically(&ours, b"x").unwrap();
        fs::write(&theirs, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&theirs));
        fs::set_permissions(&ours, Permissions::from_mode(0o640)).unwrap();
        write_atomically(&ours, b"longer").unwrap();
        assert_eq!((mode(&ours) & 0o777, fs::read(&ours).unwrap()), (0o640, b"longer".to_vec()));
        assert_eq!(names(folder.path()).len(), 2);
    }

    #[test]
    fn a_signal_leaves_no_unfinished_file() {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::new(&folder.path().join("x")).unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        let listed = UNFINISHED.lock().unwrap().clone();
        assert!(listed.iter().any(|path| path.starts_with(folder.path())));
        drop(unfinished);
        assert!(!UNFINISHED.lock().unwrap().iter().any(|path| path.starts_with(folder.path())));
    }

    #[test]
    fn wrong_targets_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("taken");
        fs::create_dir(&target).unwrap();
        assert!(write_atomically(&target, b"x").is_err());
        let missing = folder.path().join("missing/x.png");
        let message = write_atomically(&missing, b"x").unwrap_err().to_string();
        assert!(message.ends_with("missing/x.png: entity not found; choose another place with -o"), "{message}");
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn a_folder_that_may_not_be_written_is_said_before() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o500)).unwrap();
        let target = folder.path().join("x.png");
        // Root may write everywhere.
        if let Err(error) = check_writable(&target) {
            assert!(error.to_string().contains("permission denied"), "{error}");
        }
        assert!(check_writable(folder.path()).unwrap_err().to_string().contains("is a directory"));
        assert!(check_writable(&folder.path().join("no/x.png")).unwrap_err().to_string().contains("there is no folder"));
        assert!(names(folder.path()).is_empty());
    }
}

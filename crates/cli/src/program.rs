//! The program that a live command runs, and the side of refroots that can run it.

use std::ffi::OsString;

use refroots_core::HeapGraph;

use crate::{Error, Exit, Look};

/// What `python` is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where its code is.
    pub source: Source,
    /// Its own arguments, `sys.argv[1:]`.
    pub args: Vec<OsString>,
}

/// Where a program's code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, or a folder or zip with a `__main__.py`; `-` is the standard input.
    Script(OsString),
    /// A module or package, as `python -m` finds it.
    Module(OsString),
}

impl Program {
    /// The arguments after the interpreter's own options that make `python` run it.
    pub fn python_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = match &self.source {
            Source::Script(path) if path != "-" && path.as_encoded_bytes().starts_with(b"-") => vec!["--".into(), path.clone()],
            Source::Script(path) => vec![path.clone()],
            Source::Module(name) => vec!["-m".into(), name.clone()],
        };
        args.extend(self.args.iter().cloned());
        args
    }
}

/// The live side: what only a process with Python in it can do.
pub trait Interpreter {
    /// Becomes a Python that runs the program and looks when the look says. Returns only where
    /// that failed (or where a test says otherwise).
    ///
    /// # Errors
    /// [`Error::Usage`] where this interpreter cannot run programs under a look.
    fn start(&self, program: &Program, look: &Look) -> Result<Exit, Error>;

    /// The heap of this process, now.
    ///
    /// # Errors
    /// Where the heap cannot be captured.
    fn capture(&self) -> Result<HeapGraph, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python_args(source: Source) -> Vec<OsString> {
        Program { source, args: vec!["--types".into()] }.python_args()
    }

    #[test]
    fn arguments_are_what_one_would_give_to_python() {
        assert_eq!(python_args(Source::Script("a.py".into())), ["a.py", "--types"]);
        assert_eq!(python_args(Source::Script("-".into())), ["-", "--types"]);
        assert_eq!(python_args(Source::Script("-a.py".into())), ["--", "-a.py", "--types"]);
        assert_eq!(python_args(Source::Module("pkg".into())), ["-m", "pkg", "--types"]);
    }
}

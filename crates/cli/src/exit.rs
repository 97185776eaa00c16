//! Exit statuses, and the one place where an error becomes a line and a status.

use std::io::Write;

use refroots_render::printable;

use crate::Error;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done,
    /// There was nothing to find: no such type, no live object, a function that never returned.
    Nothing,
    /// The command line or what it names is wrong.
    Usage,
    /// refroots failed.
    Internal,
}

impl Exit {
    /// The status that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Nothing => 1,
            Self::Usage => 2,
            Self::Internal => 3,
        }
    }
}

/// Says an error in one line. Nobody listening is no error.
pub(crate) fn conclude(done: Result<Exit, Error>, stderr: &mut dyn Write) -> Exit {
    match done {
        Ok(exit) => exit,
        Err(error) if error.is_broken_pipe() => Exit::Done,
        Err(error) => {
            // Nobody to tell that nobody can be told.
            let _ = writeln!(stderr, "refroots: {}", printable(&error.to_string(), usize::MAX));
            error.exit()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn codes_are_those_of_the_manual() {
        assert_eq!([Exit::Done, Exit::Nothing, Exit::Usage, Exit::Internal].map(Exit::code), [0, 1, 2, 3]);
    }

    #[test]
    fn errors_end_as_documented() {
        let cases = [
            (Error::Usage("x".into()), Exit::Usage),
            (Error::Internal("x".into()), Exit::Internal),
            (refroots_core::Error::NoLiveObjects("x".into()).into(), Exit::Nothing),
            (refroots_core::Error::NoSuchObject { ordinal: 1, count: 1 }.into(), Exit::Nothing),
            (refroots_core::Error::NoSuchType { wanted: "x".into(), nearest: vec![] }.into(), Exit::Nothing),
            (refroots_core::Error::AmbiguousType { wanted: "x".into(), found: vec![] }.into(), Exit::Usage),
            (refroots_core::Error::OutOfMemory(1).into(), Exit::Internal),
            (Error::Stdout(io::ErrorKind::StorageFull.into()), Exit::Internal),
        ];
        for (error, expected) in cases {
            assert_eq!(error.exit(), expected, "{error}");
        }
    }

    #[test]
    fn a_broken_pipe_is_silent() {
        let mut said = Vec::new();
        assert_eq!(conclude(Err(Error::Stdout(io::ErrorKind::BrokenPipe.into())), &mut said), Exit::Done);
        assert!(said.is_empty());
    }
}

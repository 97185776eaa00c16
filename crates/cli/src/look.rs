//! One question about a heap, with everything that its answer depends on.

use std::path::{Path, PathBuf};

use refroots_core::Values;
use serde::{Deserialize, Serialize};

use crate::{Engine, Face, Moment, Screen};

/// What to look at, when, and where the answer goes. It crosses from the process that read the
/// command line to the one that runs the program, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The question.
    pub ask: Ask,
    /// The file for the answer; without one it goes to the standard output, as text.
    pub output: Option<Output>,
    /// When to look.
    pub moment: Moment,
    /// How many steps of references to follow.
    pub depth: u32,
    /// How many neighbours of one object to show; all, where it says nothing.
    pub too_many: Option<usize>,
    /// Whether objects alike are drawn as one.
    pub folds: bool,
    /// Whether weak references are drawn too.
    pub weak: bool,
    /// Whether a picture explains its signs.
    pub legend: bool,
    /// Whether boxes say what their objects take and retain.
    pub sizes: bool,
    /// Whether a picture says from which process, Python and moment it is.
    pub stamp: bool,
    /// Whether boxes say where their objects stood in memory.
    pub addresses: bool,
    /// What lays pictures out.
    pub engine: Engine,
    /// What words may say.
    #[serde(with = "ValuesWord")]
    pub values: Values,
    /// Whether a table is written as JSON.
    pub json: bool,
    /// How many rows of a table to show; all, where it says nothing.
    pub limit: Option<usize>,
    /// The column by which a table is sorted; in its own order, where it says nothing.
    pub sort: Option<String>,
    /// The terminal that the answer goes to, where it goes to one.
    pub screen: Option<Screen>,
}

impl Look {
    /// Steps that are followed where nothing else is said.
    pub const DEPTH: u32 = 3;
    /// Rows of a table for people where nothing else is said.
    pub const ROWS: usize = 25;

    /// How many neighbours of one object are shown: those that were `asked` for, else ten, or all where they fold.
    pub fn too_many(asked: Option<usize>, folds: bool) -> Option<usize> {
        asked.or(if folds { None } else { Some(10) })
    }

    /// A look with every default.
    pub fn new(ask: Ask) -> Self {
        Self {
            ask,
            output: None,
            moment: Moment::default(),
            depth: Self::DEPTH,
            too_many: None,
            folds: true,
            weak: false,
            legend: true,
            sizes: false,
            stamp: false,
            addresses: false,
            engine: Engine::default(),
            values: Values::Short,
            json: false,
            limit: None,
            sort: None,
            screen: None,
        }
    }
}

/// The questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// What refers to the first object of this type.
    Backrefs(String),
    /// What the first object of this type refers to.
    Refs(String),
    /// Why the objects of this type are alive.
    Why(String),
    /// All that a bug report says of the objects of this type.
    Report {
        /// The type, or `#` and an ordinal.
        name: String,
        /// Where it was asked for.
        face: Face,
    },
    /// How many objects there are of each type.
    Types,
    /// What the objects of each type keep alive.
    Retained,
    /// Which objects keep most alive.
    Largest,
    /// How many objects there are of the types of each module, and what they keep alive.
    Modules,
    /// What the frames of each thread keep alive.
    Threads,
    /// What each GC root keeps alive.
    Roots,
    /// What may be a leak.
    Suspects,
    /// Which objects refer to one another in cycles.
    Cycles,
    /// Which objects are equal.
    Duplicates,
    /// Which containers take more than they need.
    Waste,
    /// No question: the heap is saved whole, as a snapshot.
    Save,
}

impl Ask {
    /// Whether the answer is about objects of one type, and not a table about the whole heap.
    pub fn is_about_objects(&self) -> bool {
        self.subject().is_some()
    }

    /// The objects that the answer is about: a type's name, or `#` and an ordinal.
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Backrefs(name) | Self::Refs(name) | Self::Why(name) | Self::Report { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether references are looked at, or objects by themselves alone.
    pub(crate) fn needs_references(&self) -> bool {
        !matches!(self, Self::Types)
    }

    /// Whether the answer says what strings, numbers and keys are, where it may.
    pub(crate) fn says_values(&self) -> bool {
        !matches!(self, Self::Types | Self::Retained | Self::Modules | Self::Cycles)
    }
}

/// A file that an answer goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// As it was written: the words say this.
    #[serde(with = "path_bytes")]
    pub given: PathBuf,
    /// The same from the root: programs change their working directory.
    #[serde(with = "path_bytes")]
    pub path: PathBuf,
}

impl Output {
    /// The file of that name, seen from the working directory of now.
    pub fn new(given: &Path) -> Self {
        Self { given: given.to_owned(), path: std::path::absolute(given).unwrap_or_else(|_| given.to_owned()) }
    }
}

impl Output {
    /// The file of one of several looks: its number stands before the ending.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let name = |path: &Path| {
            let mut name = path.file_stem().unwrap_or_default().to_owned();
            name.push(format!("-{number}"));
            if let Some(ending) = path.extension() {
                name.push(".");
                name.push(ending);
            }
            path.with_file_name(name)
        };
        Self { given: name(&self.given), path: name(&self.path) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Values")]
enum ValuesWord {
    None,
    Short,
}

/// Paths are bytes; serde's own way refuses those that are not UTF-8.
mod path_bytes {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().as_bytes().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Vec::<u8>::deserialize(deserializer).map(|bytes| OsString::from_vec(bytes).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn several_looks_have_a_file_each() {
        let numbered = |given: &str| Output::new(Path::new(given)).numbered(3).given.display().to_string();
        assert_eq!(["heap.refroots", "out/t", "a.b.svg"].map(numbered), ["heap-3.refroots", "out/t-3", "a.b-3.svg"]);
    }

    #[test]
    fn a_look_survives_the_way_to_the_program() {
        let mut look = Look::new(Ask::Backrefs("app.Föö".into()));
        look.output = Some(Output::new(Path::new(OsStr::from_bytes(b"ab\xff.png"))));
        look.moment = "return:main".parse().unwrap();
        look.values = Values::None;
        let json = serde_json::to_string(&look).unwrap();
        assert_eq!(serde_json::from_str::<Look>(&json).unwrap(), look);
    }
}

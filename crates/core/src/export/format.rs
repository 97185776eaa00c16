//! The formats of exports, by the endings of file names.

use std::path::Path;

use super::Error;

/// A format that other tools read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// V8's heap snapshot: Chrome DevTools, memlab.
    HeapSnapshot,
    /// A folder of Parquet tables: DuckDB, pandas, polars.
    Parquet,
    /// GraphML: networkx, Gephi, yEd.
    GraphMl,
    /// networkx's node-link JSON.
    NodeLink,
    /// Collapsed stacks of retained bytes: speedscope, flamegraph.pl, inferno.
    Collapsed,
}

const ENDINGS: [(&str, Format); 6] = [
    ("heapsnapshot", Format::HeapSnapshot),
    ("parquet", Format::Parquet),
    ("graphml", Format::GraphMl),
    ("json", Format::NodeLink),
    ("folded", Format::Collapsed),
    ("collapsed", Format::Collapsed),
];

impl Format {
    /// The format that a file name's ending says.
    ///
    /// # Errors
    /// [`Error::Ending`] with the endings that there are.
    pub fn of_ending(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let ending = path.extension().map(|ending| ending.to_string_lossy().into_owned());
        let known = |ending: &String| ENDINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending));
        match ending.as_ref().and_then(known) {
            Some(&(_, format)) => Ok(format),
            None => Err(Error::Ending {
                name: path.display().to_string(),
                found: ending.map_or_else(|| "no ending".to_owned(), |ending| format!(".{ending}")),
            }),
        }
    }

    /// Whether the format is a folder of several files, which [`super::write_tables`] writes.
    pub fn is_folder(self) -> bool {
        self == Self::Parquet
    }

    /// Whether it says what objects retain, which is computed before the first byte is written.
    pub fn needs_retained_sizes(self) -> bool {
        self != Self::HeapSnapshot
    }

    pub(super) fn endings() -> String {
        ENDINGS.map(|(ending, _)| format!(".{ending}")).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_say_the_format() {
        assert_eq!(Format::of_ending("a/b.HeapSnapshot").unwrap(), Format::HeapSnapshot);
        assert_eq!(Format::of_ending("x.tar.folded").unwrap(), Format::Collapsed);
        let words = Format::of_ending("heap.xlsx").unwrap_err().to_string();
        assert!(words.contains("found .xlsx") && words.contains(".graphml"), "{words}");
        assert!(Format::of_ending("heap").unwrap_err().to_string().contains("found no ending"));
    }
}

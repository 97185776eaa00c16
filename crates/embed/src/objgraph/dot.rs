//! The DOT text of a search, where no function of the program words it: objgraph's lines, written here.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyModule, PySet, PyString, PyTuple, PyType};
use refroots_core::EdgeKind;
use std::fmt::Write;

use super::labels::{self, Drawn, Found, Name};
use crate::capture::{self, Proved, census};

/// Most characters of a value, most names of one reference: as `_labels` has them.
const ROOM: usize = 40;
const MOST_NAMES: usize = 3;
/// Longer strings are cut before they are worded: `_labels` knows how.
const SHORT: usize = 1000;

/// Writes the lines of all that a search has found, as `search_graph` gives it, to `writer.lines`; gives `False`, and
/// has written nothing, where a word is no text of Unicode. `labels` is the module with the words: it is asked for what
/// is not an exact built-in value. `only` is the one object that the question holds itself.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "one for each of what the writer of Python has")]
pub(crate) fn write_dot<'py>(
    py: Python<'py>,
    found: Vec<Found<'py>>,
    only: &Bound<'py, PyAny>,
    writer: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    points_away: bool,
    shortnames: bool,
    refcounts: bool,
    max_depth: i64,
) -> PyResult<bool> {
    let proved = capture::proved(py)?;
    let found: Vec<Drawn<'py>> = found.into_iter().map(Drawn::from).collect();
    let names = labels::names_of_found(py, &found, points_away)?;
    let lines = writer.getattr("lines")?.cast_into::<PyList>()?;
    let before = lines.len();
    let words = Words { py, proved, labels, shortnames };
    let mut text = Text { words, writer, lines, refcounts, out: String::new(), max_depth };
    if !text.write(&found, &names, only, points_away)? {
        text.lines.del_slice(before, text.lines.len())?;
        return Ok(false);
    }
    Ok(true)
}

/// Words for objects.
struct Words<'a, 'py> {
    py: Python<'py>,
    proved: &'a Proved,
    labels: &'a Bound<'py, PyAny>,
    shortnames: bool,
}

/// The lines so far.
struct Text<'a, 'py> {
    words: Words<'a, 'py>,
    writer: &'a Bound<'py, PyAny>,
    lines: Bound<'py, PyList>,
    refcounts: bool,
    out: String,
    max_depth: i64,
}

/// What is no text of Unicode: Python's own words are to be used.
type Worded = PyResult<Option<String>>;

impl<'py> Text<'_, 'py> {
    fn write(
        &mut self,
        found: &[Drawn<'py>],
        names: &[Vec<Name<'py>>],
        only: &Bound<'py, PyAny>,
        points_away: bool,
    ) -> PyResult<bool> {
        let mut names = names.iter();
        for node in found {
            // What is held for the question alone is no reference of the program.
            let count = node.count - i64::from(node.object.is(only) && node.count > 0);
            if !self.node(node, count)? {
                return Ok(false);
            }
            for neighbour in &node.neighbours {
                let (source, target) = if points_away { (&node.object, neighbour) } else { (neighbour, &node.object) };
                let own = names.next().map_or(&[][..], Vec::as_slice);
                let Some(label) = self.words.label(source, target, own)? else { return Ok(false) };
                let _ = write!(self.out, "\n  o{} -> o{}{label};", address(source), address(target));
            }
            if node.skipped > 0 {
                self.flush()?;
                self.writer.call_method1("too_many", (&node.object, node.depth, node.skipped))?;
            }
        }
        self.flush()?;
        Ok(true)
    }

    /// Hands the lines over, of which each begins with its end of line.
    fn flush(&mut self) -> PyResult<()> {
        if !self.out.is_empty() {
            self.lines.append(&self.out[1..])?;
            self.out.clear();
        }
        Ok(())
    }

    fn node(&mut self, node: &Drawn<'py>, count: i64) -> PyResult<bool> {
        let object = &node.object;
        let Some(said) = self.words.value(object)? else { return Ok(false) };
        let id = address(object);
        let _ = write!(self.out, "\n  o{id}[label=\"");
        quote(&mut self.out, &self.words.type_name(object));
        if self.refcounts && count < 0 {
            self.out.push_str(" [immortal]");
        } else if self.refcounts {
            let _ = write!(self.out, " [{count}]");
        }
        self.out.push_str("\\n");
        quote(&mut self.out, &said);
        self.out.push_str("\"];");
        let is_module = self.words.is_module(object)?;
        let (hue, saturation) = if is_module { ("0.3", "1") } else { ("0", "0") };
        let value = brightness(node.depth, self.max_depth);
        let _ = write!(self.out, "\n  o{id}[fillcolor=\"{hue},{saturation},{}\"];", general(value));
        if value < 0.5 {
            let _ = write!(self.out, "\n  o{id}[fontcolor=white];");
        }
        if census::has_finalizer(object) {
            let _ = write!(
                self.out,
                "\n  o{id}->o{id}_has_a_del[color=red,style=dotted,len=0.25,weight=10];\n  o{id}_has_a_del[label=\"__del__\",\
                 shape=doublecircle,height=0.25,color=red,fillcolor=\"0,.5,1\",fontsize=6];"
            );
        }
        Ok(true)
    }
}

impl<'py> Words<'_, 'py> {
    fn type_name(&self, object: &Bound<'py, PyAny>) -> String {
        census::name_of(self.proved, object, self.shortnames)
    }

    /// `_safe_repr`.
    fn value(&self, object: &Bound<'py, PyAny>) -> Worded {
        let length = if object.is_exact_instance_of::<PyDict>() {
            object.cast::<PyDict>().ok().map(PyDictMethods::len)
        } else if object.is_exact_instance_of::<PyList>() {
            object.cast::<PyList>().ok().map(PyListMethods::len)
        } else if object.is_exact_instance_of::<PyTuple>() {
            object.cast::<PyTuple>().ok().map(PyTupleMethods::len)
        } else if object.is_exact_instance_of::<PySet>() {
            object.cast::<PySet>().ok().map(PySetMethods::len)
        } else {
            None
        };
        if let Some(length) = length {
            return Ok(Some(format!("{length} items")));
        }
        if object.is_exact_instance_of::<PyType>() {
            return object.getattr("__name__").map(|name| text(&name));
        }
        if is_plain(object) || self.is_of_plain_class(object) {
            return Ok(match object.repr() {
                Ok(said) => text(said.as_any()).map(|said| said.chars().take(ROOM).collect()),
                Err(_) => Some("(unrepresentable)".to_owned()),
            });
        }
        self.labels.call_method1("_safe_repr", (object,)).map(|said| text(&said))
    }

    /// Whether its class was made by a class statement without bases: `_short_repr` asks its `repr` alone.
    fn is_of_plain_class(&self, object: &Bound<'py, PyAny>) -> bool {
        let class = object.get_type();
        // Of a class whose class is `type` itself, nobody computes the attribute.
        class.is_exact_instance_of::<PyType>()
            && census::is_python_class(self.proved, &class)
            && class.getattr("__base__").is_ok_and(|base| base.as_ptr() as usize == self.proved.known.object)
    }

    fn is_module(&self, object: &Bound<'py, PyAny>) -> PyResult<bool> {
        // Asks an object for its `__class__`, as `inspect.ismodule` does.
        match object.is_instance(&self.py.get_type::<PyModule>()) {
            Err(error) if error.is_instance_of::<PyException>(self.py) => Ok(false),
            answer => answer,
        }
    }

    /// `_label_of_names`.
    fn label(&self, source: &Bound<'py, PyAny>, target: &Bound<'py, PyAny>, names: &[Name<'py>]) -> Worded {
        let count = names.iter().filter(|name| name.says()).count();
        if count == 0 {
            // A frame holds its globals so.
            if !target.is_exact_instance_of::<PyDict>() {
                return Ok(Some(String::new()));
            }
            let words = (source, target, labels::tuples(names), self.shortnames);
            return self.labels.call_method1("_label_of_names", words).map(|said| text(&said));
        }
        let mut said = String::from(" [label=\"");
        let mut weight = "";
        for (at, name) in names.iter().filter(|name| name.says()).take(MOST_NAMES).enumerate() {
            let Some((word, its_weight)) = self.word(name)? else { return Ok(None) };
            if at == 0 {
                weight = its_weight;
            } else {
                said.push_str("\\n");
            }
            quote(&mut said, &word);
        }
        if count > MOST_NAMES {
            let _ = write!(said, "\\n{} more", count - MOST_NAMES);
        }
        let _ = write!(said, "\"{weight}]");
        Ok(Some(said))
    }

    /// The words of one name, and their weight.
    fn word(&self, name: &Name<'py>) -> PyResult<Option<(String, &'static str)>> {
        const LIGHT: &str = ",weight=2";
        let Some(key) = name.key.as_ref().filter(|_| name.kind == EdgeKind::Item) else {
            let weight = match name.kind {
                EdgeKind::Special => ",weight=10",
                EdgeKind::Index => "",
                _ => LIGHT,
            };
            return Ok(Some((name.word.clone(), weight)));
        };
        if !key.is_exact_instance_of::<PyString>() && key.is_instance_of::<PyString>() {
            let (word, is_name): (Bound<'py, PyAny>, bool) =
                self.labels.call_method1("_key_word", (key, self.shortnames))?.extract()?;
            return Ok(text(&word).map(|word| (word, if is_name { LIGHT } else { "" })));
        }
        if key.is_exact_instance_of::<PyString>()
            && let Some(word) = text(key).filter(|word| is_identifier(word))
        {
            return Ok(Some((word, LIGHT)));
        }
        Ok(self.value(key)?.map(|value| (format!("{}\n{value}", self.type_name(key)), "")))
    }
}

/// Whether a value's own words are made without any code of the program, and are short before they are cut.
fn is_plain(object: &Bound<'_, PyAny>) -> bool {
    if let Ok(text) = object.cast_exact::<PyString>() {
        return text.len().is_ok_and(|length| length <= SHORT);
    }
    if let Ok(bytes) = object.cast_exact::<PyBytes>() {
        return bytes.as_bytes().len() <= SHORT;
    }
    object.is_none()
        || object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyFloat>()
        || object.is_exact_instance_of::<PyBool>()
}

/// `[a-zA-Z_][a-zA-Z_0-9]*$`, which an end of line may follow.
fn is_identifier(word: &str) -> bool {
    let word = word.strip_suffix('\n').unwrap_or(word);
    word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Appends as `_quote` writes it.
fn quote(out: &mut String, word: &str) {
    for character in word.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\0' => out.push_str("\\\\0"),
            other => out.push(other),
        }
    }
}

/// `_gradient` of the brightness.
fn brightness(depth: i64, max_depth: i64) -> f64 {
    if max_depth == 0 { 1.0 } else { 1.0 + (0.3 - 1.0) * depth as f64 / max_depth as f64 }
}

/// As Python's `{:g}` writes a number from 0.1 to 1.
fn general(number: f64) -> String {
    let digits = format!("{number:.6}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `None` where it is no string, or has half a character.
fn text(said: &Bound<'_, PyAny>) -> Option<String> {
    said.cast::<PyString>().ok().and_then(|said| said.to_str().ok().map(str::to_owned))
}

fn address(object: &Bound<'_, PyAny>) -> usize {
    object.as_ptr() as usize
}

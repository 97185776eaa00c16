//! Answers one look about a graph, and says where the answer is.

use std::io::Write;

use std::ops::ControlFlow;

use refroots_core::query::histogram::by_type;
use refroots_core::{HeapGraph, Study, Values, bytes};
use refroots_render::printable;

use crate::answer::{Answer, answer};
use crate::progress::{with_bar, with_bars};
use crate::table::counted;
use crate::{Ask, Error, Exit, Look, exit, save_snapshot, write_atomically};

/// Answers a look. The answer goes to its file, with one line about it on `stderr`, or else to
/// `stdout`.
pub fn look(graph: &Study, look: &Look, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Exit {
    if look.ask == Ask::Save {
        return save(graph, look, &mut || ControlFlow::Continue(()), stderr);
    }
    let done =
        with_bars(graph.stages(), || answer(graph, look)).and_then(|answer| hand_over(&answer, look, graph, stdout, stderr));
    exit::conclude(done.map(|()| Exit::Done), stderr)
}

/// Saves the heap where the look says, under its policy for values, with one line about it on `stderr`. `goes_on` is
/// asked some twenty times a second.
pub fn save(graph: &HeapGraph, look: &Look, goes_on: &mut dyn FnMut() -> ControlFlow<()>, stderr: &mut dyn Write) -> Exit {
    let mut save = || {
        let output = look.output.as_ref().ok_or_else(|| Error::Usage("a snapshot wants a file, -o heap.refroots".into()))?;
        let given = printable(&output.given.display().to_string(), usize::MAX);
        with_bar(&format!("saving {given}"), goes_on, |progress| save_snapshot(graph, &output.path, look.values, progress))?;
        let length = std::fs::metadata(&output.path).map_or(0, |saved| saved.len());
        let policy = if look.values == Values::None { "without values" } else { "with short values" };
        let objects = by_type(graph, None).iter().map(|row| row.count).sum();
        let references = counted(graph.edge_count() as u64, "reference");
        let words = format!("{}, {references}, {policy}, {}", counted(objects, "object"), bytes(length));
        // The file is there; nobody to tell is no error.
        let _ = writeln!(stderr, "{given}: {words}");
        Ok(Exit::Done)
    };
    let done = save();
    exit::conclude(done, stderr)
}

fn hand_over(answer: &Answer, look: &Look, graph: &Study, stdout: &mut dyn Write, stderr: &mut dyn Write) -> Result<(), Error> {
    match &look.output {
        Some(output) => {
            write_atomically(&output.path, &answer.bytes)?;
            // The file is there; nobody to tell is no error.
            let _ = writeln!(stderr, "{}: {}", output.given.display(), printable(&answer.words, usize::MAX));
        }
        None => stdout.write_all(&answer.bytes).and_then(|()| stdout.flush()).map_err(Error::Stdout)?,
    }
    if look.ask.is_about_objects() {
        for note in graph.notes() {
            let _ = writeln!(stderr, "refroots: note: {note}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io;
    use std::path::Path;

    use refroots_core::{NodeId, Origin, sketch};

    use crate::{Ask, Output};

    const HEAP: &str = "
        app: module 'app' root
        app -> names .__dict__
        names: dict namespace
        names -> one .cache
        names -> two .other
        one: app.Foo size=2048
        two: app.Foo
        two -> one .twin
        bar: lib.Bar
        other: web.Bar
        gone: app.Gone internal";

    fn ask(look: &Look) -> (Exit, String, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit = super::look(&Study::new(sketch::parse(HEAP).unwrap()), look, &mut stdout, &mut stderr);
        (exit, String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    #[test]
    fn a_file_gets_the_answer_and_a_line_about_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("foo.dot");
        let mut said = String::new();
        for question in [Ask::Backrefs("Foo".into()), Ask::Refs("Foo".into()), Ask::Why("app.Foo".into())] {
            let output = Output { given: Path::new("foo.dot").into(), path: file.clone() };
            let (exit, stdout, stderr) = ask(&Look { output: Some(output), ..Look::new(question) });
            assert_eq!((exit, stdout), (Exit::Done, String::new()));
            assert!(!fs::read(&file).unwrap().is_empty());
            said.push_str(&stderr);
        }
        insta::assert_snapshot!(said, @r#"
    foo.dot: what refers to app.Foo #2 (the first of 2), 3 objects, 3 references
    foo.dot: what app.Foo #2 (the first of 2) refers to, 1 object, 0 references
    foo.dot: why 2 app.Foo are alive, 2 ways, 3 objects, 2 references
    "#);
    }

    #[test]
    fn without_a_file_text_goes_to_stdout() {
        let (exit, stdout, stderr) = ask(&Look::new(Ask::Backrefs("Foo".into())));
        assert_eq!((exit, stderr.as_str()), (Exit::Done, ""));
        assert!(stdout.contains("app.Foo #2"), "{stdout}");
    }

    #[test]
    fn a_picture_says_more_on_request() {
        let graph = Study::new(sketch::parse(HEAP).unwrap().with_origin(Origin {
            python: "CPython 3.13.1".into(),
            captured_at: Some(951_782_400),
            ..Origin::default()
        }));
        let said = |look: &Look| {
            let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
            assert_eq!(super::look(&graph, look, &mut stdout, &mut stderr), Exit::Done);
            String::from_utf8(stdout).unwrap()
        };
        for question in [Ask::Backrefs("Foo".into()), Ask::Refs("#2".into()), Ask::Why("#2".into()), Ask::Why("Foo".into())] {
            let plain = said(&Look::new(question.clone()));
            assert!(!plain.contains("keeps") && !plain.contains("CPython"), "{plain}");
            let more = said(&Look { sizes: true, stamp: true, ..Look::new(question.clone()) });
            assert!(more.contains("\nCPython 3.13.1, 2000-02-29 00:00:00 UTC\n"), "{more}");
            assert!(more.contains("2.0 KiB, keeps 2.0 KiB"), "{more}");
            let address = format!("Foo #2, at {:#x}", graph.address(NodeId(2)));
            assert!(!plain.contains("at 0x"), "{plain}");
            let placed = said(&Look { addresses: true, ..Look::new(question) });
            assert!(placed.contains(&address), "{placed}");
        }
    }

    #[test]
    fn types_as_a_table_and_as_json() {
        let (exit, table, _) = ask(&Look::new(Ask::Types));
        assert_eq!(exit, Exit::Done);
        insta::assert_snapshot!(table, @r#"
    objects    bytes  type
          2  2.0 KiB  app.Foo
          1     16 B  dict
          1     16 B  lib.Bar
          1     16 B  module
          1     16 B  web.Bar
          6  2.1 KiB  total of 5 types
    "#);
        let (_, cut, _) = ask(&Look { limit: Some(1), ..Look::new(Ask::Types) });
        insta::assert_snapshot!(cut, @r#"
    objects    bytes  type
          2  2.0 KiB  app.Foo
          4     64 B  (4 more types)
          6  2.1 KiB  total of 5 types
    "#);
        let (_, json, _) = ask(&Look { json: true, limit: Some(2), ..Look::new(Ask::Types) });
        insta::assert_snapshot!(json, @r#"
    [
      {"count":2,"size":2064,"type":"app.Foo"},
      {"count":1,"size":16,"type":"dict"}
    ]
    "#);
    }

    #[test]
    fn what_is_not_there_is_said_with_the_status() {
        let mut said = String::new();
        for (name, expected) in [("Fob", Exit::Nothing), ("Gone", Exit::Nothing), ("Bar", Exit::Usage)] {
            let (exit, stdout, stderr) = ask(&Look::new(Ask::Why(name.into())));
            assert_eq!((exit, stdout.as_str()), (expected, ""), "{name}");
            said.push_str(&stderr);
        }
        insta::assert_snapshot!(said, @r#"
    refroots: no type named "Fob" has objects in this heap; did you mean app.Foo?
    refroots: app.Gone is known, but no object of it is alive
    refroots: "Bar" names 2 types: lib.Bar, web.Bar; give the whole name of one
    "#);
    }

    #[test]
    fn nobody_reading_is_no_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut stderr = Vec::new();
        let exit = super::look(&Study::new(sketch::parse(HEAP).unwrap()), &Look::new(Ask::Types), &mut Closed, &mut stderr);
        assert_eq!((exit, stderr), (Exit::Done, Vec::new()));
    }
}

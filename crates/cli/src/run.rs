//! `refroots run` and `refroots capture`: everything that can be wrong is said before the program starts.

use std::fs::File;
use std::path::Path;

use crate::args::Run;
use crate::check::check_look;
use crate::{Ask, Error, Exit, Interpreter, Source};

/// Checks the program and the look, then starts the program under it.
pub(crate) fn run(run: Run, interpreter: Option<&dyn Interpreter>) -> Result<Exit, Error> {
    check_source(&run.program.source)?;
    check_look(&run.look)?;
    let command = if run.look.ask == Ask::Save { "capture" } else { "run" };
    interpreter.ok_or(Error::NoInterpreter(command))?.start(&run.program, &run.look)
}

fn check_source(source: &Source) -> Result<(), Error> {
    let Source::Script(script) = source else { return Ok(()) };
    let (path, shown) = (Path::new(script), script.display());
    if script == "-" {
        return Ok(());
    }
    if path.is_dir() {
        return if path.join("__main__.py").is_file() || path.join("__main__.pyc").is_file() {
            Ok(())
        } else {
            Err(Error::Usage(format!("{shown} is a directory without a __main__.py; give the name of a Python file")))
        };
    }
    match File::open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Error::Usage(format!("no such script: {shown}; expected a Python file, or -m and a module")))
        }
        Err(error) => Err(Error::Usage(format!("cannot read the script {shown}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::ffi::OsString;
    use std::fs;

    use refroots_core::HeapGraph;

    use crate::{Look, Program};

    /// Keeps what it was told to start.
    #[derive(Default)]
    struct Recorder(RefCell<Vec<(Program, Look)>>);

    impl Interpreter for Recorder {
        fn start(&self, program: &Program, look: &Look) -> Result<Exit, Error> {
            self.0.borrow_mut().push((program.clone(), look.clone()));
            Ok(Exit::Done)
        }

        fn capture(&self) -> Result<HeapGraph, Error> {
            Ok(HeapGraph::default())
        }
    }

    /// Runs a command line in which `DIR` is a folder with `ok.py`, `pkg/__main__.py` and `empty/`.
    fn run(line: &str) -> (Exit, String, usize) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        fs::write(folder.path().join("ok.py"), "").unwrap();
        for name in ["pkg", "empty"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("pkg/__main__.py"), "").unwrap();
        let args: Vec<OsString> = line.split_whitespace().map(|word| word.replace("DIR", path).into()).collect();
        let recorder = Recorder::default();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let exit = crate::main(&args, Some(&recorder), &mut stdout, &mut stderr);
        assert!(stdout.is_empty());
        (exit, String::from_utf8(stderr).unwrap().replace(path, "DIR"), recorder.0.into_inner().len())
    }

    #[test]
    fn good_programs_start() {
        for line in [
            "run DIR/ok.py",
            "run DIR/pkg",
            "run -",
            "run -m nowhere",
            "run -o DIR/t.txt DIR/ok.py",
            "run -o DIR/t.json DIR/ok.py",
            "run --why Foo -o DIR/t.png DIR/ok.py",
            "run --retained --sort retained DIR/ok.py",
            "run --report Foo -o DIR/t.md DIR/ok.py",
            "run --report Foo -o DIR/t.html DIR/ok.py",
            "capture -o DIR/t.refroots DIR/ok.py",
        ] {
            assert_eq!(run(line), (Exit::Done, String::new(), 1), "{line}");
        }
    }

    #[test]
    fn wrong_input_is_said_before_anything_starts() {
        let lines = [
            "run DIR/gone.py",
            "run DIR/ok.py/below.py",
            "run DIR/empty",
            "run -o DIR DIR/ok.py",
            "run --why Foo -o DIR DIR/ok.py",
            "run -o DIR/no/t.txt DIR/ok.py",
            "run -o DIR/t.png DIR/ok.py",
            "run --json -o DIR/t.txt DIR/ok.py",
            "run --report Foo -o DIR/t.svg DIR/ok.py",
            "run --report Foo -o DIR DIR/ok.py",
            "run --types --sort colour DIR/ok.py",
            "capture -o DIR DIR/ok.py",
            "capture -o DIR/no/t.refroots DIR/ok.py",
            "capture -o DIR/t.png DIR/ok.py",
            "capture -o DIR/t.refroots DIR/gone.py",
        ];
        let mut messages = String::new();
        for line in lines {
            let (exit, said, started) = run(line);
            assert_eq!((exit, started, said.lines().count()), (Exit::Usage, 0, 1), "{line}: {said}");
            messages.push_str(&said);
        }
        insta::assert_snapshot!(messages);
        assert_eq!(run("run --why Foo -o DIR/t.gif DIR/ok.py").0, Exit::Usage);
        assert_eq!(run("run --why Foo -o DIR/t DIR/ok.py").0, Exit::Usage);
    }

    #[test]
    fn without_python_the_line_says_what_to_do() {
        let mut stderr = Vec::new();
        let exit = crate::main(&["run".into(), "-".into()], None, &mut Vec::new(), &mut stderr);
        assert_eq!(exit, Exit::Usage);
        insta::assert_snapshot!(String::from_utf8(stderr).unwrap());
    }
}

//! `refroots run` in the interpreter: becomes the Python that runs the program, and looks there.
//!
//! The program is run by `python` itself, so that it finds what it would find. The look comes in by
//! the folder `_startup`, which stands first on PYTHONPATH and takes every trace of itself away.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::{env, fs, process};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use refroots_cli::{Error, Exit, Interpreter, Look, Program, Source};
use refroots_core::HeapGraph;

use crate::{capture, moment};

/// Adds what `__main__` and `_startup` call.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(main, module)?)?;
    module.add_function(wrap_pyfunction!(begin, module)?)
}

/// Runs the command line; gives the exit status.
#[pyfunction]
fn main(argv: Vec<OsString>) -> u8 {
    refroots_cli::main(&argv, Some(&Live), &mut std::io::stdout(), &mut std::io::stderr()).code()
}

/// Arranges for a look, given as JSON, in this process, whose program is about to start.
#[pyfunction]
fn begin(py: Python<'_>, look: &str, is_module: bool) -> PyResult<()> {
    let look: Look = serde_json::from_str(look).map_err(|error| PyValueError::new_err(error.to_string()))?;
    moment::arrange(py, look, is_module)
}

/// The interpreter of this process.
struct Live;

impl Interpreter for Live {
    fn start(&self, program: &Program, look: &Look) -> Result<Exit, Error> {
        let look = serde_json::to_string(look).map_err(|error| Error::Internal(error.to_string()))?;
        Python::attach(|py| become_program(py, program, &look)).map_err(|error| Python::attach(|py| in_words(py, &error)))
    }

    fn capture(&self) -> Result<HeapGraph, Error> {
        Python::attach(|py| capture::capture(py, &capture::Purpose::default()))
            .map_err(|error| Error::Internal(format!("cannot capture the heap: {error}")))
    }
}

fn in_words(py: Python<'_>, error: &PyErr) -> Error {
    if error.is_instance_of::<PyValueError>(py) {
        Error::Usage(error.value(py).to_string())
    } else {
        Error::Internal(format!("cannot start the program: {error}"))
    }
}

/// Replaces this process by `python` with the program. Returns only an error.
fn become_program(py: Python<'_>, program: &Program, look: &str) -> PyResult<Exit> {
    let sys = py.import("sys")?;
    let flags = sys.getattr("flags")?;
    for (flag, option) in [("ignore_environment", "-E or -I"), ("no_site", "-S")] {
        if flags.getattr(flag)?.extract::<i32>()? != 0 {
            let words = format!("run cannot reach a program under python {option}; start refroots without it");
            return Err(PyValueError::new_err(words));
        }
    }
    let executable: OsString = sys.getattr("executable")?.extract().unwrap_or_default();
    if executable.is_empty() {
        return Err(PyValueError::new_err("this Python does not know its own path (sys.executable), so it cannot run a program"));
    }
    let mut args = vec![executable.clone()];
    args.extend(interpreter_options(py)?);
    args.extend(program.python_args());
    py.import("os")?.call_method1("execve", (executable, args, environment(py, program, look)?))?;
    Ok(Exit::Internal)
}

/// The environment that this process was given, which its own start may have changed since, with
/// the two variables that `_startup` takes away.
fn environment<'py>(py: Python<'py>, program: &Program, look: &str) -> PyResult<Bound<'py, PyDict>> {
    let startup = startup_folder(py)?;
    let given: Vec<(Vec<u8>, Vec<u8>)> = match fs::read("/proc/self/environ") {
        Ok(block) => block.split(|&byte| byte == 0).filter_map(split_variable).collect(),
        Err(_) => env::vars_os().map(|(name, value)| (name.as_bytes().to_owned(), value.as_bytes().to_owned())).collect(),
    };
    let environment = PyDict::new(py);
    for (name, value) in given {
        let name = PyBytes::new(py, &name);
        // Of a name that stands there twice, the first counts.
        if !environment.contains(&name)? {
            environment.set_item(name, PyBytes::new(py, &value))?;
        }
    }
    let path_name = PyBytes::new(py, b"PYTHONPATH");
    let given_path: Option<Vec<u8>> = environment.get_item(&path_name)?.map(|path| path.extract()).transpose()?;
    let mut path = startup.as_os_str().as_bytes().to_owned();
    if let Some(given) = given_path.as_deref().filter(|given| !given.is_empty()) {
        path.push(b':');
        path.extend(given);
    }
    environment.set_item(path_name, PyBytes::new(py, &path))?;
    let was_set = if given_path.is_some() { "set" } else { "unset" };
    let kind = if matches!(program.source, Source::Module(_)) { "module" } else { "script" };
    let order = format!("{} {was_set} {kind} {look}", process::id());
    environment.set_item(PyBytes::new(py, b"REFROOTS_RUN"), PyBytes::new(py, order.as_bytes()))?;
    Ok(environment)
}

fn split_variable(variable: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let at = variable.iter().position(|&byte| byte == b'=')?;
    Some((variable[..at].to_owned(), variable[at + 1..].to_owned()))
}

fn startup_folder(py: Python<'_>) -> PyResult<PathBuf> {
    let package: PathBuf = py.import("refroots")?.getattr("__path__")?.get_item(0)?.extract()?;
    let folder = std::path::absolute(package.join("_startup")).unwrap_or(package);
    if folder.as_os_str().as_bytes().contains(&b':') {
        let words = format!("the package is installed in {}, and PYTHONPATH cannot say a path with a colon", folder.display());
        return Err(PyValueError::new_err(words));
    }
    Ok(folder)
}

/// The options that this interpreter was started with, as they were written where that can be told.
fn interpreter_options(py: Python<'_>) -> PyResult<Vec<OsString>> {
    let sys = py.import("sys")?;
    let whole: Vec<OsString> = sys.getattr("orig_argv")?.extract()?;
    let own: Vec<OsString> = sys.getattr("argv")?.extract()?;
    let own = own.get(1..).unwrap_or_default();
    if let Some(options) = whole.get(1..).and_then(|line| line.strip_suffix(own)).and_then(options_before_program) {
        return Ok(options);
    }
    py.import("subprocess")?.call_method0("_args_from_interpreter_flags")?.extract()
}

/// Takes the program off the end of an interpreter's arguments: `SCRIPT`, `-m MODULE`, `-c CODE`,
/// also where the letter stands behind others, `-Bm MODULE`.
fn options_before_program(line: &[OsString]) -> Option<Vec<OsString>> {
    let (last, before) = line.split_last()?;
    let (option, before) = match before.split_last() {
        Some((option, rest)) if letters_before_program(option).is_some_and(|end| end + 1 == option.len()) => (option, rest),
        _ => (last, before),
    };
    let mut options = before.to_vec();
    if let Some(end) = letters_before_program(option).filter(|&end| end > 1) {
        options.push(OsString::from(String::from_utf8_lossy(&option.as_bytes()[..end]).into_owned()));
    }
    Some(options)
}

/// Where `m` or `c` stands in a word of one-letter options.
fn letters_before_program(word: &OsString) -> Option<usize> {
    let letters = word.as_bytes().strip_prefix(b"-")?;
    let end = letters.iter().position(|letter| matches!(letter, b'm' | b'c'))?;
    letters[..end].iter().all(|letter| b"bBdhiIOPqRsuvVx?".contains(letter)).then_some(end + 1)
}

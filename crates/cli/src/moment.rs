//! When to look: the values of `--when`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};

/// The moment in a program's life at which refroots looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// After the main program ended and its threads were joined, before its exit callbacks.
    #[default]
    Exit,
    /// When an exception escapes the main program, before its traceback goes.
    Exception,
    /// When a function returns for the first time, before its frame goes.
    Return(Function),
    /// Before a line of a file runs for the first time.
    Line(Line),
    /// Each time a signal comes.
    Signal(Signal),
    /// Each time so long has passed since the last look, or the start.
    Every(Duration),
    /// When the process takes so many bytes of memory, for the first time.
    Resident(u64),
}

impl Moment {
    /// Whether there may be several looks, each with a file of its own.
    pub fn is_repeated(&self) -> bool {
        matches!(self, Self::Signal(_) | Self::Every(_))
    }

    /// Why there was nothing to look at, where the moment did not come.
    pub fn never_came(&self) -> String {
        match self {
            Self::Exit => "the program did not end".to_owned(),
            Self::Exception => "no exception escaped the program".to_owned(),
            Self::Return(function) => {
                format!("{function} never returned (a function of another module is MODULE:QUALNAME)")
            }
            Self::Line(line) => format!("line {} of {} never ran (a line without code never does)", line.number, line.file),
            Self::Signal(signal) => format!("no SIG{} came", signal.name),
            Self::Every(period) => format!("the program ended before {} s were over", period.as_secs_f64()),
            Self::Resident(size) => format!("the process never took {}", refroots_core::bytes(*size)),
        }
    }
}

/// As `--when` takes it, but for the name of a file.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit => f.write_str("exit"),
            Self::Exception => f.write_str("exception"),
            Self::Return(function) => write!(f, "return:{function}"),
            Self::Line(line) => write!(f, "line:FILE:{}", line.number),
            Self::Signal(signal) => write!(f, "signal:{}", signal.name),
            Self::Every(period) => write!(f, "every:{}s", period.as_secs_f64()),
            Self::Resident(size) => write!(f, "rss:{}MB", *size as f64 / 1e6),
        }
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The file, or the last parts of its path.
    pub file: String,
    /// Its number, from 1 on.
    pub number: u32,
}

impl Line {
    /// Whether code of that file name is meant: the file itself, or one whose path ends so.
    pub fn is_in(&self, filename: &str) -> bool {
        let (wanted, found) = (Path::new(&self.file), Path::new(filename));
        let clean: PathBuf = wanted.components().filter(|part| *part != std::path::Component::CurDir).collect();
        found.ends_with(clean)
    }
}

/// A signal that a program may be sent to be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name, without `SIG`.
    pub name: String,
    /// Its number.
    pub number: i32,
}

/// Those that do not end or stop a program from the terminal or from its supervisor.
const SIGNALS: [(&str, i32); 5] = [("USR1", SIGUSR1), ("USR2", SIGUSR2), ("HUP", SIGHUP), ("QUIT", SIGQUIT), ("WINCH", SIGWINCH)];

/// A function, by the module that defines it and its qualified name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// The module's `__name__`.
    pub module: String,
    /// `f`, `Class.method`, `f.<locals>.g`.
    pub qualname: String,
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.module, self.qualname)
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "exit" => Ok(Self::Exit),
            None if text == "exception" => Ok(Self::Exception),
            Some(("return", function)) => {
                let (module, qualname) = function.split_once(':').unwrap_or(("__main__", function));
                if module.is_empty() || qualname.is_empty() || qualname.contains(':') {
                    return Err("expected return:FUNCTION or return:MODULE:FUNCTION".into());
                }
                Ok(Self::Return(Function { module: module.into(), qualname: qualname.into() }))
            }
            Some(("line", place)) => {
                let (file, number) = place.rsplit_once(':').unwrap_or((place, ""));
                match number.parse() {
                    Ok(number) if number > 0 && !file.is_empty() => Ok(Self::Line(Line { file: file.into(), number })),
                    _ => Err("expected line:FILE:N, such as line:views.py:30".into()),
                }
            }
            Some(("signal", name)) => {
                let short = name.strip_prefix("SIG").unwrap_or(name);
                let found = SIGNALS.into_iter().find(|(known, _)| *known == short);
                found.map(|(name, number)| Self::Signal(Signal { name: name.into(), number })).ok_or_else(|| {
                    format!("expected signal:{}", SIGNALS.map(|(name, _)| name).join(", signal:"))
                })
            }
            Some(("every", period)) => {
                let seconds = amount(period, &[("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]);
                // A year is more than any program needs, and is far from what overflows.
                let seconds = seconds.filter(|&seconds| (0.01..=31_536_000.0).contains(&seconds));
                let expected = || "expected every:30s, every:500ms, every:5m or every:1h, from 10ms on".to_owned();
                seconds.map(|seconds| Self::Every(Duration::from_secs_f64(seconds))).ok_or_else(expected)
            }
            Some(("rss", size)) => {
                let units = [("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9)];
                let size = amount(size, &units).filter(|&size| (1.0..=1e15).contains(&size));
                let expected = || "expected rss:500MB, rss:500MiB or rss:2GB".to_owned();
                size.map(|size| Self::Resident(size as u64)).ok_or_else(expected)
            }
            _ => Err("expected exit, exception, return:FUNCTION, return:MODULE:FUNCTION, line:FILE:N, signal:USR1, every:30s or rss:500MB".into()),
        }
    }
}

/// A number with one of these units, in the unit of 1.
fn amount(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(known, _)| *known == unit)?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_written() {
        let function = |module: &str, qualname: &str| {
            Ok(Moment::Return(Function { module: module.to_owned(), qualname: qualname.to_owned() }))
        };
        assert_eq!("exit".parse(), Ok(Moment::Exit));
        assert_eq!("exception".parse(), Ok(Moment::Exception));
        assert_eq!("return:main".parse(), function("__main__", "main"));
        assert_eq!("return:app.views:View.get".parse(), function("app.views", "View.get"));
        assert_eq!("return:f.<locals>.g".parse(), function("__main__", "f.<locals>.g"));
        assert_eq!("line:app/views.py:30".parse(), Ok(Moment::Line(Line { file: "app/views.py".into(), number: 30 })));
        assert_eq!("signal:SIGUSR2".parse(), Ok(Moment::Signal(Signal { name: "USR2".into(), number: 12 })));
        assert_eq!("every:1.5m".parse(), Ok(Moment::Every(Duration::from_secs(90))));
        assert_eq!("every:250ms".parse(), Ok(Moment::Every(Duration::from_millis(250))));
        assert_eq!("rss:500MB".parse(), Ok(Moment::Resident(500_000_000)));
        assert_eq!("rss:2GiB".parse(), Ok(Moment::Resident(2 << 30)));
        for wrong in [
            "",
            "return",
            "return:",
            "return::f",
            "return:m:",
            "return:a:b:c",
            "exit:",
            "line:x.py",
            "line::3",
            "line:x.py:0",
            "signal:KILL",
            "signal:",
            "every:30",
            "every:0s",
            "every:1e9h",
            "rss:500",
            "rss:-1MB",
            "rss:MB",
        ] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn moments_are_said_as_they_are_written() {
        for written in
            ["exit", "exception", "return:app.views:View.get", "signal:USR1", "every:0.25s", "every:90s", "rss:500.5MB"]
        {
            assert_eq!(written.parse::<Moment>().unwrap().to_string(), written);
        }
        assert_eq!("line:secret.py:30".parse::<Moment>().unwrap().to_string(), "line:FILE:30");
    }

    #[test]
    fn a_file_is_known_by_the_end_of_its_path() {
        let is_in = |file: &str, filename: &str| Line { file: file.into(), number: 1 }.is_in(filename);
        assert!(is_in("views.py", "/srv/app/views.py") && is_in("app/views.py", "/srv/app/views.py"));
        assert!(is_in("./app/views.py", "/srv/app/views.py") && is_in("/srv/app/views.py", "/srv/app/views.py"));
        assert!(!is_in("iews.py", "/srv/app/views.py") && !is_in("views.py", "<string>"));
    }
}

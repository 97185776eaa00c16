//! When to look: the values of `--when`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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
}

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
            _ => Err("expected exit, exception, return:FUNCTION or return:MODULE:FUNCTION".into()),
        }
    }
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
        for wrong in ["", "return", "return:", "return::f", "return:m:", "return:a:b:c", "exit:", "signal:USR1", "every:30s"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}

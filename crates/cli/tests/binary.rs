//! The binary by itself: what it says where there is no Python to run a program with.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn refroots(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_refroots")).args(args).env("PATH", "/nowhere").output().expect("the binary starts")
}

#[test]
fn it_says_its_version() {
    let output = refroots(&["--version"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), concat!("refroots ", env!("CARGO_PKG_VERSION"), "\n"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn without_python_it_says_so() {
    let output = refroots(&["run", "-"]);
    let expected =
        "refroots: cannot start python3, which runs the program; put one on the PATH: No such file or directory (os error 2)\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
}

#[test]
fn wrong_use_is_said_before_python_is_looked_for() {
    let output = refroots(&["run", "gone.py"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("refroots: no such script: gone.py"));
}

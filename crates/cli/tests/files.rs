//! Questions to the snapshots of fixtures/, by the library alone: what is said, and where.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;

/// What a command line ends in: status, standard output, standard error. FILE stands for the folder and a version's name.
fn refroots(line: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/snapshots/version-1");
    let args: Vec<OsString> = line.split_whitespace().map(|word| word.replace("FILE", folder).into()).collect();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let exit = refroots_cli::main(&args, None, &mut stdout, &mut stderr);
    let said = [stdout, stderr].map(|said| String::from_utf8(said).unwrap().replace(folder, "FILE"));
    format!("{exit:?}\n{}--\n{}", said[0], said[1])
}

#[test]
fn a_file_says_what_it_is() {
    insta::assert_snapshot!(refroots("info FILE-none.refroots"));
}

#[test]
fn chains_say_what_the_file_has() {
    let lines = ["why FILE-short.refroots Foo", "why FILE-none.refroots Foo", "why FILE-short.refroots Foo --values none"];
    insta::assert_snapshot!(lines.map(refroots).join("\n"));
}

#[test]
fn tables_and_what_is_not_there() {
    let lines = [
        "types FILE-none.refroots --limit 2",
        "types FILE-none.refroots --limit 2 --sort size --json",
        "suspects FILE-none.refroots",
        "why FILE-none.refroots Fooo",
        "why FILE-none.refroots #99999",
        "why FILE-none.refroots #Foo",
        "types FILE-gone.refroots",
        "types FILE-none.refroots -o types.png",
        "run -",
    ];
    insta::assert_snapshot!(lines.map(refroots).join("\n"));
}

#[test]
fn differences_of_two_files() {
    insta::assert_snapshot!(refroots("diff FILE-short.refroots FILE-short.refroots --limit 1"));
}

//! The pictures of docs/pictures.md are those that are drawn now.
#![cfg(feature = "graphviz-pure")]
#![allow(clippy::unwrap_used, reason = "a picture that cannot be drawn fails its test")]

#[allow(dead_code, reason = "its main is for `make docs-pictures`")]
#[path = "../examples/pictures.rs"]
mod pictures;

use std::fs;
use std::path::Path;

#[test]
fn the_pictures_of_the_docs_are_those_that_are_drawn() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
    let page = fs::read_to_string(folder.with_extension("md")).unwrap();
    for (name, drawn) in pictures::pictures().unwrap() {
        assert!(fs::read_to_string(folder.join(name)).unwrap() == drawn, "{name} is not what is drawn: make docs-pictures");
        assert!(page.contains(&format!("(pictures/{name})")), "{name} is on no page");
    }
}

//! The PDF: the same each time, its fonts in it, no page larger than readers open.
#![allow(clippy::unwrap_used, reason = "what cannot be read fails its test")]

mod fixtures;

use fixtures::{CACHE, backrefs, pdf, svg, view};
use refroots_core::Question;

/// The page's width and height, as its `MediaBox` says.
fn page(bytes: &[u8]) -> (f64, f64) {
    let text = String::from_utf8_lossy(bytes);
    let numbers = text.split("/MediaBox").nth(1).unwrap().split(['[', ']']).nth(1).unwrap();
    let numbers: Vec<f64> = numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
    (numbers[2] - numbers[0], numbers[3] - numbers[1])
}

#[test]
fn a_page_is_as_large_as_the_picture_and_the_same_each_time() {
    let shown = backrefs(CACHE, "foo", 5, 10);
    let bytes = pdf(&shown).unwrap();
    assert_eq!(bytes, pdf(&shown).unwrap());
    let drawn = svg(&shown).unwrap();
    let number = |key: &str| drawn.split(key).nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap();
    assert_eq!(page(&bytes), (number(" width=\""), number(" height=\"")));
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("DejaVuSans") && text.contains("/FontFile"), "the font is in the file");
    assert!(!text.contains("/CreationDate") && !text.contains("CreateDate"), "no date is");
}

#[test]
fn a_page_longer_than_readers_open_is_scaled_down() {
    let chain: Vec<_> = (1..400).map(|i| (i - 1, i)).collect();
    let (width, height) = page(&pdf(&view(400, &chain, Question::Chain)).unwrap());
    assert!((height - 14_400.0).abs() < 0.5 && width < 1_000.0, "{width} x {height}");
}

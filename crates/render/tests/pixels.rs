//! The PNG as a reader decodes it.

#![allow(clippy::unwrap_used, reason = "what cannot be decoded fails its test")]

mod fixtures;

use fixtures::{CACHE, backrefs, decode, png as draw, svg, view};
use refroots_core::Question;
use refroots_render::Drawing;

fn size_in_svg(drawn: &str) -> (u32, u32) {
    let number = |key: &str| drawn.split(key).nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    (number(" width=\""), number(" height=\""))
}

#[test]
fn a_small_picture_is_drawn_at_twice_its_size_and_the_same_each_time() {
    let shown = backrefs(CACHE, "foo", 5, 10);
    let bytes = draw(&shown).unwrap();
    let (width, height, pixels) = decode(&bytes);
    let (w, h) = size_in_svg(&svg(&shown).unwrap());
    assert_eq!((width, height), (2 * w, 2 * h));
    assert_eq!(pixels[..3], [255, 255, 255], "the background is white");
    let is_start_fill = |pixel: &[u8]| pixel == [0xff, 0xe0, 0x8a];
    assert!(pixels.chunks_exact(3).filter(|pixel| is_start_fill(pixel)).count() > 2_000, "the start's box is seen");
    assert_eq!(bytes, draw(&shown).unwrap());
}

#[test]
fn a_picture_wider_than_viewers_open_is_scaled_down() {
    // Nothing that stands side by side hangs on one object alone, so that no comb makes it narrower.
    let edges: Vec<_> = (1..500).flat_map(|i| [(i, 0), (i + 499, i)]).collect();
    let wide = view(999, &edges, Question::Referrers);
    let (width, height, pixels) = decode(&draw(&wide).unwrap());
    assert_eq!(width, 32_767);
    assert!(height < 400);
    assert!(pixels.iter().any(|&value| value < 255));
}

#[test]
fn bands_meet_without_a_seam() {
    // Over 16 million pixels, so that there are several bands; an unbroken arrow of the chain
    // crosses where they meet, or a box does. Behind a name an arrow is faint.
    let long = view(240, &(1..240).map(|i| (i - 1, i)).collect::<Vec<_>>(), Question::Chain);
    let (width, height, pixels) = decode(&refroots_render::png(&long, &Drawing { legend: false, ..Drawing::default() }).unwrap());
    let ink = |y: u32| {
        let row = &pixels[(y * width * 3) as usize..((y + 1) * width * 3) as usize];
        row.iter().any(|&value| value < 250)
    };
    let first = (0..height).find(|&y| ink(y) && y > 90).unwrap();
    let last = (0..height).rfind(|&y| ink(y)).unwrap();
    assert!((first..last).all(ink), "the chain is broken");
}

//! The colours of a picture, each with its twin on a dark ground.
//!
//! An element carries its light colour as an attribute, which every reader of SVG understands;
//! browsers that prefer dark replace it by a rule on that attribute.

use std::fmt::Write;

/// A colour on paper and its twin on a dark screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour {
    pub(crate) light: &'static str,
    pub(crate) dark: &'static str,
}

macro_rules! palette {
    ($($name:ident $light:literal $dark:literal)*) => {
        $(pub(crate) const $name: Colour = Colour { light: $light, dark: $dark };)*
        /// Every colour of a picture.
        const PALETTE: &[Colour] = &[$($name),*];
    };
}

palette! {
    BACKGROUND         "#ffffff" "#0d1117"
    INK                "#1b1f24" "#e6edf3"
    FAINT_INK          "#4f5862" "#a9b3be"
    NAME_INK           "#123a6b" "#a5c9ff"
    START_INK          "#7a4b00" "#ffd277"
    LINE_INK           "#6b7480" "#8b949e"
    CHAIN_INK          "#a3200d" "#ff9580"
    CYCLE_INK          "#0b6670" "#5fd0dc"
    START_FILL         "#ffe08a" "#4a3600"
    NEAR_FILL          "#e9f0f8" "#1f2d3d"
    FAR_FILL           "#f0f5fa" "#1a2531"
    FARTHER_FILL       "#f6f9fc" "#151d27"
    OBJECT_STROKE      "#5b6b7d" "#8499b0"
    MODULE_FILL        "#dff2e1" "#16341f"
    MODULE_STROKE      "#2c6e3f" "#6fc487"
    FRAME_FILL         "#dcebfb" "#142f4d"
    FRAME_STROKE       "#1f5a96" "#7db5ee"
    INTERPRETER_FILL   "#ece5f7" "#2f2347"
    INTERPRETER_STROKE "#5d4390" "#b79cf0"
    EXTERNAL_FILL      "#fde6d8" "#46240f"
    EXTERNAL_STROKE    "#9a4a16" "#f0a070"
    GARBAGE_FILL       "#f2f2f2" "#2a2a2a"
    GARBAGE_STROKE     "#6a6a6a" "#a8a8a8"
}

/// The style sheet that turns a picture dark on screens whose owner prefers that; print stays light.
pub(crate) fn dark_rules() -> String {
    let mut out = String::from("@media screen and (prefers-color-scheme:dark){");
    let _ = write!(out, ".refroots{{fill:{}}}", INK.dark);
    for Colour { light, dark } in PALETTE {
        for property in ["fill", "stroke"] {
            let _ = write!(out, ".refroots [{property}=\"{light}\"]{{{property}:{dark}}}");
        }
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rgb = [f64; 3];

    fn rgb(hex: &str) -> Rgb {
        let channel = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        [channel(1), channel(3), channel(5)]
    }

    fn linear(colour: Rgb) -> Rgb {
        colour.map(|c| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) })
    }

    /// The contrast of WCAG 2 between two colours in linear light.
    fn contrast(a: Rgb, b: Rgb) -> f64 {
        let luminance = |[r, g, b]: Rgb| 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Machado, Oliveira and Fernandes, *A Physiologically-based Model for Simulation of Color Vision Deficiency*,
    /// 2009, at full severity.
    const DEFICIENCIES: [[Rgb; 3]; 3] = [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];

    /// A colour as it is, as each deficiency sees it, and as a printer without colour prints it; in linear light.
    fn seen(hex: &str) -> [Rgb; 5] {
        let [r, g, b] = rgb(hex);
        let grey = linear([0.299 * r + 0.587 * g + 0.114 * b; 3]);
        let whole = linear(rgb(hex));
        let dot = |row: Rgb| (row[0] * whole[0] + row[1] * whole[1] + row[2] * whole[2]).clamp(0.0, 1.0);
        let [protan, deutan, tritan] = DEFICIENCIES.map(|matrix| matrix.map(dot));
        [whole, protan, deutan, tritan, grey]
    }

    fn assert_contrast(above: Colour, below: Colour, least: f64) {
        for (a, b) in [(above.light, below.light), (above.dark, below.dark)] {
            for (way, (a_seen, b_seen)) in seen(a).into_iter().zip(seen(b)).enumerate() {
                let found = contrast(a_seen, b_seen);
                assert!(found >= least, "{a} on {b} has a contrast of {found:.2}, seen in way {way}; {least} is wanted");
            }
        }
    }

    const FILLS: [Colour; 10] = [
        BACKGROUND,
        START_FILL,
        NEAR_FILL,
        FAR_FILL,
        FARTHER_FILL,
        MODULE_FILL,
        FRAME_FILL,
        INTERPRETER_FILL,
        EXTERNAL_FILL,
        GARBAGE_FILL,
    ];

    #[test]
    fn every_text_can_be_read_by_everybody() {
        for fill in FILLS {
            assert_contrast(INK, fill, 4.5);
            assert_contrast(FAINT_INK, fill, 4.5);
        }
        assert_contrast(START_INK, START_FILL, 4.5);
        assert_contrast(NAME_INK, BACKGROUND, 4.5);
    }

    #[test]
    fn every_line_can_be_seen_by_everybody() {
        for line in [
            LINE_INK,
            CHAIN_INK,
            CYCLE_INK,
            START_INK,
            OBJECT_STROKE,
            MODULE_STROKE,
            FRAME_STROKE,
            INTERPRETER_STROKE,
            EXTERNAL_STROKE,
            GARBAGE_STROKE,
        ] {
            assert_contrast(line, BACKGROUND, 3.0);
        }
    }

    #[test]
    fn the_contrast_is_that_of_wcag() {
        assert!((contrast(linear(rgb("#000000")), linear(rgb("#ffffff"))) - 21.0).abs() < 1e-9);
        // The lightest grey that passes on white, as WCAG's own examples say.
        assert!((contrast(linear(rgb("#767676")), linear(rgb("#ffffff"))) - 4.54).abs() < 0.01);
    }

    #[test]
    fn each_light_colour_has_one_dark_twin() {
        for (i, colour) in PALETTE.iter().enumerate() {
            assert!(PALETTE[..i].iter().all(|other| other.light != colour.light), "{} stands twice", colour.light);
        }
    }
}

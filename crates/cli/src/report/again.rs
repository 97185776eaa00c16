//! How to make a report again: what was typed, with names that stand for files, which are nobody else's.

use refroots_core::{Values, quote};
use refroots_render::{printable, shell_word};

use super::{Face, Form};
use crate::{Look, Moment};

/// Characters of a name.
const NAME: usize = 200;

/// The command lines, or lines of Python, that make the report again.
pub(super) fn again(look: &Look, name: &str, face: Face, form: Form) -> String {
    let (name, file) = (printable(name, NAME), form.file_name());
    let word = shell_word(&name);
    let says_values = look.values == Values::Short;
    let values = if says_values { " --values short" } else { "" };
    let stamp = if look.stamp { " --stamp" } else { "" };
    match face {
        Face::Run => {
            let when = if look.moment == Moment::Exit { String::new() } else { format!(" --when {}", look.moment) };
            format!("refroots run{when} --report {word}{values}{stamp} -o {file} app.py\n")
        }
        Face::File => {
            let capture = match name.starts_with('#') {
                true => "# ordinals are those of one file\n".to_owned(),
                false => format!("refroots capture{values} -o heap.refroots app.py\n"),
            };
            format!("{capture}refroots report heap.refroots {word}{values}{stamp} -o {file}\n")
        }
        Face::Python => {
            let values = if says_values { ", values=\"short\"" } else { "" };
            let stamp = if look.stamp { ", stamp=True" } else { "" };
            format!("heap = refroots.capture()\nheap.report({}, \"{file}\"{values}{stamp})\n", quote(&name))
        }
    }
}

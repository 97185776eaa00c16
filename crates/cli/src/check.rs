//! What can be wrong with a look, found before anything is run or read for it.

use std::path::Path;

use refroots_render::Format;

use crate::atomic::check_writable;
use crate::report::Form;
use crate::table_answers::sorted_by;
use crate::{Ask, Error, Look};

/// Checks where the answer of a look goes, and by what it is sorted.
///
/// # Errors
/// [`Error::Usage`].
pub(crate) fn check_look(look: &Look) -> Result<(), Error> {
    sorted_by(look)?;
    let Some(output) = &look.output else { return Ok(()) };
    if output.path.is_dir() {
        return check_writable(&output.given);
    }
    if look.ask == Ask::Save {
        return check_snapshot(&output.given);
    }
    if let Ask::Report { .. } = look.ask {
        Form::of(Some(output))?;
        return check_writable(&output.given);
    }
    let is_json = output.given.extension().is_some_and(|ending| ending == "json");
    let may_be_json = !matches!(look.ask, Ask::Backrefs(_) | Ask::Refs(_));
    let may_be_drawn = look.ask.is_about_objects() || look.ask == Ask::Largest;
    if !may_be_drawn || (look.json && may_be_json && !is_json) {
        let expected = if look.json { ["json", "json"] } else { ["txt", "json"] };
        if !output.given.extension().is_some_and(|ending| expected.iter().any(|known| ending == *known)) {
            let expected = if look.json {
                "--json wants a name that ends in .json"
            } else {
                "a table wants a name that ends in .txt or .json"
            };
            return Err(Error::Usage(format!("-o {}: {expected}", output.given.display())));
        }
    } else if !(may_be_json && is_json) {
        Format::from_path(&output.given).map_err(|error| Error::Usage(error.to_string()))?;
    }
    check_writable(&output.given)
}

/// A snapshot may have any name but one that says that it is something else.
fn check_snapshot(path: &Path) -> Result<(), Error> {
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    if is_json || Format::from_path(path).is_ok() {
        let words = "capture writes a snapshot, such as heap.refroots; pictures and tables come from it, or from 'refroots run'";
        return Err(Error::Usage(format!("-o {}: {words}", path.display())));
    }
    check_writable(path)
}

//! What stands behind `refroots.objgraph`: counting, searching and drawing, for the functions of objgraph 3.7.0.

mod asked;
mod graph;
mod ids;
mod labels;
mod picture;
mod search;
mod statistics;

use pyo3::prelude::*;
use rustc_hash::FxHashSet;

use crate::capture::census::Frozen;

/// The compiled part of `refroots.objgraph`.
#[pymodule]
pub(crate) mod objgraph {
    #[pymodule_export]
    use super::graph::search_graph;
    #[pymodule_export]
    use super::ids::Ids;
    #[pymodule_export]
    use super::labels::name_edges;
    #[pymodule_export]
    use super::picture::{draws, picture};
    #[pymodule_export]
    use super::search::{find_backrefs, find_refs};
    #[pymodule_export]
    use super::statistics::{
        at, at_addrs, by_type, by_type_of, count, leaking, objects, sizes, typename, typestats, typestats_of,
    };
}

/// Whether objects that were frozen are looked at: everywhere but where objgraph's own answer is wanted.
fn frozen(exact: bool) -> Frozen {
    if exact { Frozen::Without } else { Frozen::With }
}

/// Numbers out of any iterable, such as `extra_ignore`; what is no address is nobody's.
fn addresses(numbers: &Bound<'_, PyAny>) -> PyResult<FxHashSet<u64>> {
    let mut found = FxHashSet::default();
    for number in numbers.try_iter()? {
        if let Ok(address) = number?.extract::<u64>() {
            found.insert(address);
        }
    }
    Ok(found)
}

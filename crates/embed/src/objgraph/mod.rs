//! What stands behind `refroots.objgraph`: counting, searching and drawing, for the functions of objgraph 3.7.0.

mod asked;
mod dot;
mod given;
mod graph;
mod ids;
mod labels;
mod picture;
mod search;
mod statistics;
mod steps;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rustc_hash::FxHashSet;

use crate::capture::census::Frozen;

/// Adds the compiled part of `refroots.objgraph` as a module of its own. Made by hand: a declared module in a module
/// would import `types` with the package.
pub(crate) fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let module = PyModule::new(parent.py(), "objgraph")?;
    module.add_function(wrap_pyfunction!(graph::search_graph, &module)?)?;
    module.add_class::<given::Given>()?;
    module.add_function(wrap_pyfunction!(given::given, &module)?)?;
    module.add_class::<ids::Ids>()?;
    module.add_function(wrap_pyfunction!(dot::write_dot, &module)?)?;
    module.add_function(wrap_pyfunction!(labels::name_edges, &module)?)?;
    module.add_function(wrap_pyfunction!(labels::name_found, &module)?)?;
    module.add_function(wrap_pyfunction!(picture::draws, &module)?)?;
    module.add_function(wrap_pyfunction!(picture::picture, &module)?)?;
    module.add_function(wrap_pyfunction!(search::find_backrefs, &module)?)?;
    module.add_function(wrap_pyfunction!(search::find_refs, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::at, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::at_addrs, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::by_type, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::by_type_of, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::count, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::leaking, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::objects, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::sizes, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::typename, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::typestats, &module)?)?;
    module.add_function(wrap_pyfunction!(statistics::typestats_of, &module)?)?;
    module.add_function(wrap_pyfunction!(steps::search_in_steps, &module)?)?;
    parent.add_submodule(&module)
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

/// Addresses that are left out: those that the caller says, and what says them.
fn left_out(extra_ignore: &Bound<'_, PyAny>) -> PyResult<FxHashSet<u64>> {
    let is_empty = extra_ignore.cast_exact::<PyTuple>().is_ok_and(|extra| extra.is_empty());
    let mut left_out = if is_empty { FxHashSet::default() } else { addresses(extra_ignore)? };
    left_out.insert(extra_ignore.as_ptr() as u64);
    Ok(left_out)
}

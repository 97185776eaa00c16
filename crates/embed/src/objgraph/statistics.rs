//! Types counted, and objects picked out by type or by address.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyInt, PyList, PySet, PyTuple};
use rustc_hash::{FxHashMap, FxHashSet};

use super::asked::Asked;
use super::frozen;
use super::given::given;
use crate::capture::{self, census};

/// Counts tracked objects by their types' names, in the order in which they are first met.
///
/// Names are what the classes hold themselves: a metaclass that computes others is not asked.
#[pyfunction]
pub(crate) fn typestats<'py>(py: Python<'py>, shortnames: bool, exact: bool) -> PyResult<Bound<'py, PyDict>> {
    let proved = capture::proved(py)?;
    let counts = census::census(py, proved, frozen(exact))?;
    let stats = PyDict::new(py);
    for (name, count) in census::names(proved, &counts, shortnames) {
        stats.set_item(name, count)?;
    }
    Ok(stats)
}

/// Counts tracked objects of the types with this name.
#[pyfunction]
pub(crate) fn count(py: Python<'_>, typename: &str, exact: bool) -> PyResult<u64> {
    let proved = capture::proved(py)?;
    let counts = census::census(py, proved, frozen(exact))?;
    let named = census::names(proved, &counts, !typename.contains('.'));
    Ok(named.iter().find(|(name, _)| name == typename).map_or(0, |&(_, count)| count))
}

/// The tracked objects of the types with this name.
#[pyfunction]
pub(crate) fn by_type<'py>(py: Python<'py>, typename: &str, exact: bool) -> PyResult<Bound<'py, PyList>> {
    given(py, census::of_type(py, capture::proved(py)?, frozen(exact), typename)?)
}

/// All tracked objects.
#[pyfunction]
pub(crate) fn objects(py: Python<'_>, exact: bool) -> PyResult<Bound<'_, PyList>> {
    PyList::new(py, census::all(py, capture::proved(py)?, frozen(exact))?)
}

/// The tracked object at an address.
#[pyfunction]
pub(crate) fn at<'py>(py: Python<'py>, address: &Bound<'py, PyAny>, exact: bool) -> PyResult<Option<Bound<'py, PyAny>>> {
    // What is no address is nobody's: `at("x")` gives `None`.
    let Ok(address) = address.extract::<usize>() else { return Ok(None) };
    census::at_one(py, capture::proved(py)?, frozen(exact), address)
}

/// The tracked objects at some addresses; `None` where the container is not one whose members can be read at once.
#[pyfunction]
pub(crate) fn at_addrs<'py>(py: Python<'py>, addresses: &Bound<'py, PyAny>, exact: bool) -> PyResult<Option<Bound<'py, PyList>>> {
    let is_plain = addresses.is_exact_instance_of::<PySet>()
        || addresses.is_exact_instance_of::<PyFrozenSet>()
        || addresses.is_exact_instance_of::<PyList>()
        || addresses.is_exact_instance_of::<PyTuple>();
    if !is_plain {
        return Ok(None);
    }
    let mut wanted = FxHashSet::default();
    for address in addresses.try_iter()? {
        let address = address?;
        if !address.is_exact_instance_of::<PyInt>() {
            return Ok(None);
        }
        if let Ok(address) = address.extract::<u64>() {
            wanted.insert(address);
        }
    }
    let found = census::at(py, capture::proved(py)?, frozen(exact), |address| wanted.contains(&address))?;
    given(py, found).map(Some)
}

/// The objects to which no tracked object refers: of those given, or of all tracked ones.
#[pyfunction]
#[pyo3(signature = (objects, exact))]
pub(crate) fn leaking<'py>(py: Python<'py>, objects: Option<&Bound<'py, PyAny>>, exact: bool) -> PyResult<Bound<'py, PyList>> {
    let proved = capture::proved(py)?;
    let Some(objects) = objects else {
        let found = capture::holders::without_referrers(py, proved, frozen(exact), None, 0)?;
        return given(py, census::live(py, &found));
    };
    let skipped = objects.as_ptr() as u64;
    // Kept in a vector, which the collector does not see.
    let objects: Vec<Bound<'py, PyAny>> = objects.try_iter()?.collect::<PyResult<_>>()?;
    let candidates: Vec<u64> = objects.iter().map(|object| object.as_ptr() as u64).collect();
    let found = capture::holders::without_referrers(py, proved, frozen(exact), Some(&candidates), skipped)?;
    let found: FxHashSet<u64> = found.into_iter().collect();
    given(py, objects.into_iter().filter(|object| found.contains(&(object.as_ptr() as u64))).collect())
}

/// The name of an object's exact type, as its class holds it.
#[pyfunction]
pub(crate) fn typename(py: Python<'_>, object: &Bound<'_, PyAny>, shortnames: bool) -> PyResult<String> {
    Ok(census::name_of(capture::proved(py)?, object, shortnames))
}

/// Bytes that the objects of each type take, by the types' names: of all tracked ones.
#[pyfunction]
pub(crate) fn sizes<'py>(py: Python<'py>, shortnames: bool) -> PyResult<Bound<'py, PyDict>> {
    let graph = capture::capture(py, &capture::Purpose::default())?;
    let mut sizes: FxHashMap<String, u64> = FxHashMap::default();
    let names: Vec<String> = (0..graph.type_count() as u32)
        .map(|id| {
            let whole = graph.type_name(refroots_core::TypeId(id));
            if shortnames { whole.rsplit('.').next().unwrap_or_default().to_owned() } else { whole }
        })
        .collect();
    for node in graph.node_ids() {
        if graph.flags(node).contains(refroots_core::NodeFlags::TRACKED) {
            let name = &names[graph.type_of(node).0 as usize];
            match sizes.get_mut(name) {
                Some(sum) => *sum += graph.size(node),
                None => {
                    sizes.insert(name.clone(), graph.size(node));
                }
            }
        }
    }
    let found = PyDict::new(py);
    let mut sorted: Vec<_> = sizes.into_iter().collect();
    sorted.sort();
    for (name, size) in sorted {
        found.set_item(name, size)?;
    }
    Ok(found)
}

/// Types by address, with the names that the program is told. A type is held as long as its address means it.
struct TypeNames<'py> {
    py: Python<'py>,
    known: FxHashMap<usize, (Bound<'py, PyAny>, Bound<'py, PyAny>)>,
    shortnames: bool,
    exact: bool,
}

impl<'py> TypeNames<'py> {
    fn new(py: Python<'py>, shortnames: bool, exact: bool) -> Self {
        Self { py, known: FxHashMap::default(), shortnames, exact }
    }

    fn of(&mut self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let type_object = object.get_type();
        if let Some((_, name)) = self.known.get(&(type_object.as_ptr() as usize)) {
            return Ok(name.clone());
        }
        let name = if self.exact { self.exact_name(&type_object)? } else { self.own_name(object)? };
        self.known.insert(type_object.as_ptr() as usize, (type_object.into_any(), name.clone()));
        Ok(name)
    }

    fn own_name(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let name = census::name_of(capture::proved(self.py)?, object, self.shortnames);
        Ok(pyo3::types::PyString::new(self.py, &name).into_any())
    }

    /// What the class and its metaclass say, as objgraph asks them.
    fn exact_name(&self, type_object: &Bound<'py, pyo3::types::PyType>) -> PyResult<Bound<'py, PyAny>> {
        let name = type_object.getattr("__name__")?;
        if self.shortnames {
            return Ok(name);
        }
        match type_object.getattr_opt("__module__")? {
            Some(module) if module.is_truthy()? => {
                Ok(pyo3::types::PyString::new(self.py, &format!("{}.{}", module.str()?, name.str()?)).into_any())
            }
            _ => Ok(name),
        }
    }
}

/// Counts the objects of an iterable by their types' names; those that `filter` accepts, where there is one.
#[pyfunction]
#[pyo3(signature = (objects, shortnames, filter, exact))]
pub(crate) fn typestats_of<'py>(
    py: Python<'py>,
    objects: &Bound<'py, PyAny>,
    shortnames: bool,
    filter: Option<&Bound<'py, PyAny>>,
    exact: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let mut names = TypeNames::new(py, shortnames, exact);
    let mut filter = filter.map(|filter| Asked::new(filter, "filter", exact));
    let mut order: Vec<(Bound<'py, PyAny>, u64)> = Vec::new();
    let mut places: FxHashMap<usize, usize> = FxHashMap::default();
    for object in objects.try_iter()? {
        let object = object?;
        if let Some(filter) = &mut filter
            && !filter.accepts(&object)?
        {
            continue;
        }
        let name = names.of(&object)?;
        let place = *places.entry(name.as_ptr() as usize).or_insert(order.len());
        match order.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => order.push((name, 1)),
        }
    }
    if let Some(mut filter) = filter {
        filter.end(py)?;
    }
    let stats = PyDict::new(py);
    for (name, count) in order {
        // Several classes may have one name.
        let known: u64 = stats.get_item(&name)?.map_or(Ok(0), |known| known.extract())?;
        stats.set_item(name, known + count)?;
    }
    Ok(stats)
}

/// The objects of an iterable whose types have this name.
#[pyfunction]
pub(crate) fn by_type_of<'py>(
    py: Python<'py>,
    typename: &Bound<'py, PyAny>,
    objects: &Bound<'py, PyAny>,
    exact: bool,
) -> PyResult<Bound<'py, PyList>> {
    let mut names = TypeNames::new(py, !typename.contains(".")?, exact);
    let mut found = Vec::new();
    for object in objects.try_iter()? {
        let object = object?;
        if names.of(&object)?.eq(typename)? {
            found.push(object);
        }
    }
    given(py, found)
}

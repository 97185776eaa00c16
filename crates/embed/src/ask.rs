//! The functions of the package: capture, and one question each.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use refroots_cli::Look;
use refroots_core::petgraph::Direction;
use refroots_core::query::dominators::dominators;
use refroots_core::query::neighbourhood::{Neighbourhood, Surroundings, neighbourhood};
use refroots_core::query::{paths, select};

use refroots_core::{HeapGraph, NodeId, Study, Values};

use crate::capture::{self as live, Purpose};
use crate::chain::{Chain, Said};
use crate::heap::{Heap, node_of};
use crate::picture::{Picture, drawing_with, format_of};
use crate::refused;

/// Captures every object of this process and every reference between them.
///
/// The process stands still meanwhile, for about one `gc.collect()`; with `fork=True` only while it is
/// forked (some 20 ms a gigabyte), and a child captures: until it is done, the call waits and other threads
/// run, each first write to a page costs a copy of it, and memory for two graphs is needed. No code of the
/// program runs, no object is made or kept alive, and nothing is collected. The heap takes about 50 bytes
/// an object. `Heap.pause` says for how many seconds the process stood still.
///
/// Raises MemoryError where there is no room for it, KeyboardInterrupt on Ctrl-C; with `fork=True` OSError
/// where no child can be forked or hand its heap over, and RuntimeError where it is killed.
///
/// >>> heap = refroots.capture()
/// >>> len(heap) > 1000
/// True
/// >>> refroots.capture(fork=True).pause < 1
/// True
#[pyfunction]
#[pyo3(signature = (fork=false))]
pub(crate) fn capture(py: Python<'_>, fork: bool) -> PyResult<Heap> {
    live::capture_whole(py, fork).map(Heap::new)
}

/// The live objects of one exact type (subclasses are other types), in heap order.
///
/// `type_name` is a bare name, `"Foo"`, which matches a class of any module and its nested classes, or
/// a whole one, `"app.models.Foo"`. Costs one capture. Gives `[]` where the class has no objects.
///
/// Raises LookupError where no type has that name (with the nearest names) or several have, TypeError for what is no string.
///
/// >>> class Foo: pass
/// >>> foo = Foo()
/// >>> refroots.objects("Foo") == [foo]
/// True
#[pyfunction]
pub(crate) fn objects<'py>(py: Python<'py>, type_name: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let type_name = &type_name_of(type_name)?;
    let graph = live::capture(py, &Purpose::default())?;
    match select::find_type(&graph, type_name) {
        Ok(found) => Ok(live::objects_at(py, &graph, &found.nodes)),
        // A type without objects is an answer here, not an error.
        Err(refroots_core::Error::NoLiveObjects(_)) => Ok(Vec::new()),
        Err(error) => Err(refused::core(error)),
    }
}

/// Why an object is alive: the shortest chain of references from a GC root to it.
///
/// Roots are modules, running frames, the interpreter's own state and static types. The frame that
/// calls gives way to any other root, and the variable that holds `obj` there to any other way.
/// `filename` saves the chain as a picture (.png, .svg, .pdf, .html, .dot, .mmd, .json, .txt). `values="none"` says no value
/// and no dict key, `"short"` 40 characters of each; without either it is short, and none in an .html page. `all_roots=True` lets holders count that otherwise give way: the frame that calls, the last
/// result of a prompt, a notebook's inputs and outputs. `legend=False` leaves the legend out of pictures, `sizes=True`
/// says in each box what an object takes and what it keeps (the bytes that would be freed with it), `stamp=True` from
/// which process, Python and moment it is, `addresses=True` in each box where the object stands (`hex(id(obj))`); `engine="dot"` lets Graphviz's own `dot` place boxes and arrows. Costs one
/// capture; with sizes, dominators too.
///
/// Raises ValueError for an ending that is no format or an object that the heap does not show, OSError
/// where the file cannot be written, RuntimeError where it cannot be drawn: `dot` is not installed, fails or
/// takes a minute.
///
/// >>> class Session: pass
/// >>> SESSIONS = {"k": Session()}
/// >>> chain = refroots.why(SESSIONS["k"])
/// >>> [reference.name for reference in chain.references][-1]
/// "['k']"
#[pyfunction]
#[pyo3(signature = (obj, *, filename=None, values=None, all_roots=false, legend=true, sizes=false, stamp=false, addresses=false, engine="builtin"))]
#[expect(clippy::too_many_arguments, reason = "one for each argument of the Python function")]
pub(crate) fn why(
    py: Python<'_>,
    obj: &Bound<'_, PyAny>,
    filename: Option<PathBuf>,
    values: Option<&str>,
    all_roots: bool,
    legend: bool,
    sizes: bool,
    stamp: bool,
    addresses: bool,
    engine: &str,
) -> PyResult<Chain> {
    let values = values.map(policy).transpose()?;
    let drawing = drawing_with(legend, engine)?;
    format_of(filename.as_ref())?;
    let subjects = vec![obj.as_ptr() as usize];
    let purpose = Purpose { subjects, asks: true, lets_others_run: true, ..Purpose::default() };
    let graph = Arc::new(Study::new(live::capture(py, &purpose)?));
    let node = node_of(&graph, obj).map_err(PyValueError::new_err)?;
    let said = Said { drawing, sizes, stamp, addresses };
    let found = py.detach(|| {
        let chain = Chain::new(&graph, paths::why(&graph, node, &paths::WhyOptions { all_roots }));
        chain.with_values(values).with_said(said)
    });
    let chain = found.map_err(refused::core)?;
    if let Some(path) = filename {
        chain.save_to(py, &path)?;
    }
    Ok(chain)
}

/// Draws what refers to the objects.
///
/// Each positional argument is one object, a list too. `depth` is how many steps to go, `ignore` a list of objects to
/// leave out. Objects alike in type, place and structure are one box with their number, some sixty boxes in all, and an
/// object's `__dict__` is one with it; `fold=False` draws each by itself. `too_many` is how many neighbours of one
/// object to draw: all where they fold, else 10 (what is left out is counted in the picture; an object's class is not
/// drawn, because its node says it). `weak=True` draws weak references too, dotted: they keep nothing alive. `filename`
/// saves the picture: .png, .svg, .pdf, .html, .dot, .mmd (Mermaid), .json or .txt, by its ending.
/// `values="none"` says no value and no dict key, `"short"` 40 characters of each; without either it is short, and none in an
/// .html page, which has more of the heap (docs/page.md). `legend=False` leaves out the legend, `sizes=True` says in each box
/// what its objects take and what they keep (the bytes that would be freed with them), `stamp=True` from which process,
/// Python and moment the picture is, `addresses=True` in each box where its object stands (`hex(id(obj))`, by which an .html page
/// finds it); `engine="dot"` lets Graphviz's own `dot` place boxes and arrows. Costs one capture, and milliseconds for the
/// picture; with sizes, dominators too.
///
/// Raises TypeError without an object, ValueError for a depth below 1, an unknown ending or an object
/// that the heap does not show, OSError where the file cannot be written, RuntimeError where it cannot be
/// drawn: `dot` is not installed, fails or takes a minute.
///
/// >>> held = []
/// >>> CACHE = {"k": held}
/// >>> picture = refroots.show_backrefs(held)
/// >>> "['k']" in [reference["name"] for reference in picture.view["references"]]
/// True
#[pyfunction]
#[pyo3(signature = (*objs, depth=3, too_many=None, filename=None, ignore=None, values=None, fold=true, weak=false, legend=true, sizes=false, stamp=false, addresses=false, engine="builtin"))]
#[expect(clippy::too_many_arguments, reason = "one for each argument of the Python function")]
pub(crate) fn show_backrefs(
    py: Python<'_>,
    objs: &Bound<'_, PyTuple>,
    depth: i64,
    too_many: Option<i64>,
    filename: Option<PathBuf>,
    ignore: Option<&Bound<'_, PyAny>>,
    values: Option<&str>,
    fold: bool,
    weak: bool,
    legend: bool,
    sizes: bool,
    stamp: bool,
    addresses: bool,
    engine: &str,
) -> PyResult<Picture> {
    show(
        py,
        Direction::Incoming,
        objs,
        Drawn { depth, too_many, filename, ignore, values, fold, weak, legend, sizes, stamp, addresses, engine },
    )
}

/// Draws what the objects refer to.
///
/// Each positional argument is one object, a list too. `depth` is how many steps to go, `ignore` a list of objects to
/// leave out. Objects alike in type, place and structure are one box with their number, some sixty boxes in all, and an
/// object's `__dict__` is one with it; `fold=False` draws each by itself. `too_many` is how many neighbours of one
/// object to draw: all where they fold, else 10 (what is left out is counted in the picture; an object's class is not
/// drawn, because its node says it). `weak=True` draws weak references too, dotted: they keep nothing alive. `filename`
/// saves the picture: .png, .svg, .pdf, .html, .dot, .mmd (Mermaid), .json or .txt, by its ending.
/// `values="none"` says no value and no dict key, `"short"` 40 characters of each; without either it is short, and none in an
/// .html page, which has more of the heap (docs/page.md). `legend=False` leaves out the legend, `sizes=True` says in each box
/// what its objects take and what they keep (the bytes that would be freed with them), `stamp=True` from which process,
/// Python and moment the picture is, `addresses=True` in each box where its object stands (`hex(id(obj))`, by which an .html page
/// finds it); `engine="dot"` lets Graphviz's own `dot` place boxes and arrows. Costs one capture, and milliseconds for the
/// picture; with sizes, dominators too.
///
/// Raises TypeError without an object, ValueError for a depth below 1, an unknown ending or an object
/// that the heap does not show, OSError where the file cannot be written, RuntimeError where it cannot be
/// drawn: `dot` is not installed, fails or takes a minute.
///
/// >>> picture = refroots.show_refs({"k": [1, 2]}, depth=2)
/// >>> print(picture.view["nodes"][0]["type"], picture.view["references"][0]["name"])
/// dict ['k']
#[pyfunction]
#[pyo3(signature = (*objs, depth=3, too_many=None, filename=None, ignore=None, values=None, fold=true, weak=false, legend=true, sizes=false, stamp=false, addresses=false, engine="builtin"))]
#[expect(clippy::too_many_arguments, reason = "one for each argument of the Python function")]
pub(crate) fn show_refs(
    py: Python<'_>,
    objs: &Bound<'_, PyTuple>,
    depth: i64,
    too_many: Option<i64>,
    filename: Option<PathBuf>,
    ignore: Option<&Bound<'_, PyAny>>,
    values: Option<&str>,
    fold: bool,
    weak: bool,
    legend: bool,
    sizes: bool,
    stamp: bool,
    addresses: bool,
    engine: &str,
) -> PyResult<Picture> {
    show(
        py,
        Direction::Outgoing,
        objs,
        Drawn { depth, too_many, filename, ignore, values, fold, weak, legend, sizes, stamp, addresses, engine },
    )
}

/// What both functions are asked beside the objects.
struct Drawn<'a, 'py> {
    depth: i64,
    too_many: Option<i64>,
    filename: Option<PathBuf>,
    ignore: Option<&'a Bound<'py, PyAny>>,
    values: Option<&'a str>,
    fold: bool,
    weak: bool,
    legend: bool,
    sizes: bool,
    stamp: bool,
    addresses: bool,
    engine: &'a str,
}

fn show(py: Python<'_>, direction: Direction, objs: &Bound<'_, PyTuple>, asked: Drawn<'_, '_>) -> PyResult<Picture> {
    let Drawn { depth, too_many, filename, ignore, values, fold, weak, legend, sizes, stamp, addresses, engine } = asked;
    if objs.is_empty() {
        return Err(PyTypeError::new_err("expected at least one object to look at, found none"));
    }
    let depth = at_least_one("depth", depth)?;
    let too_many = too_many.map(|count| at_least_one("too_many", count)).transpose()?.map(|count| count as usize);
    let too_many = Look::too_many(too_many, fold);
    let values = values.map(policy).transpose()?;
    let drawing = drawing_with(legend, engine)?;
    format_of(filename.as_ref())?;
    let ignored: Vec<Bound<'_, PyAny>> = match ignore {
        Some(ignore) => ignore.try_iter()?.collect::<PyResult<_>>()?,
        None => Vec::new(),
    };
    let subjects: Vec<usize> = objs.iter().map(|obj| obj.as_ptr() as usize).collect();
    let mut own_objects = vec![objs.as_ptr() as usize];
    own_objects.extend(ignore.map(|ignore| ignore.as_ptr() as usize).filter(|ignore| !subjects.contains(ignore)));
    let graph = live::capture(py, &Purpose { own_objects, subjects, asks: true, lets_others_run: true })?;
    let starts =
        objs.iter().map(|obj| node_of(&graph, &obj).map_err(PyValueError::new_err)).collect::<PyResult<Vec<NodeId>>>()?;
    let mut hidden: Vec<NodeId> = ignored.iter().filter_map(|obj| node_of(&graph, obj).ok()).collect();
    hidden.extend(argument_tuples(&graph, &starts));
    let view = py.detach(|| {
        let dominators = if sizes { Some(dominators(&graph)?) } else { None };
        let is_shown = |node: NodeId| !hidden.contains(&node);
        let what = Neighbourhood {
            depth,
            too_many,
            folds: fold,
            weak,
            values: values.unwrap_or(Values::Short),
            filter: Some(&is_shown),
            dominators: dominators.as_ref(),
            ..Neighbourhood::new(direction)
        };
        Ok(neighbourhood(&graph, &starts, &what))
    });
    let mut view = view.map_err(refused::core)?;
    if stamp {
        view.stamp = graph.origin().stamp();
    }
    if addresses {
        view.say_addresses(&graph);
    }
    let graph = Study::new(graph);
    let question = view.question;
    let page = move || {
        let is_shown = |node: NodeId| !hidden.contains(&node);
        let values = values.unwrap_or(Values::None);
        let what = Surroundings { filter: Some(&is_shown), values, ..Surroundings::new(question) };
        let mut view = graph.surroundings(&starts, &what)?;
        if addresses {
            view.say_addresses(&graph);
        }
        Ok(view)
    };
    let picture = Picture::with_page(view, page).drawn(drawing);
    if let Some(path) = filename {
        picture.save_to(py, &path)?;
    }
    Ok(picture)
}

/// Tuples that a call `show_refs(*objects)` made for its arguments: just these objects, and nothing in
/// the graph holds them.
fn argument_tuples(graph: &HeapGraph, starts: &[NodeId]) -> Vec<NodeId> {
    let Some(&first) = starts.first() else { return Vec::new() };
    let is_arguments = |node: &NodeId| {
        graph.type_name(graph.type_of(*node)) == "tuple"
            && graph.referrers(*node).is_empty()
            && graph.referents(*node).iter().copied().map(NodeId).eq(starts.iter().copied())
    };
    graph.distinct_referrers(first).filter(is_arguments).collect()
}

/// The name of a type that was asked for.
///
/// # Errors
/// `TypeError` for what is no string: the type itself, for one.
pub(crate) fn type_name_of(given: &Bound<'_, PyAny>) -> PyResult<String> {
    given.extract().map_err(|_| {
        let found = given.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
        PyTypeError::new_err(format!(
            "expected the name of a type, such as \"Foo\" or \"app.Foo\", found an object of type {found}"
        ))
    })
}

pub(crate) fn at_least_one(name: &str, value: i64) -> PyResult<u32> {
    match u32::try_from(value) {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(PyValueError::new_err(format!("{name} must be 1 or more, found {value}"))),
    }
}

pub(crate) fn policy(values: &str) -> PyResult<Values> {
    match values {
        "short" => Ok(Values::Short),
        "none" => Ok(Values::None),
        other => Err(PyValueError::new_err(format!("values must be \"short\" or \"none\", found {other:?}"))),
    }
}

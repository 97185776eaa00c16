//! What well-known holders are: words for references that every Python process has and few people
//! recognise, such as an event loop's timers or the cache of `functools.lru_cache`.

use crate::query::holder;
use crate::{EdgeKind, HeapGraph, NodeFlags, NodeId, Reference, Values};

/// What a reference means, where it is of a kind that is found in many programs; `None` elsewhere.
/// Looks at names of types, attributes and modules only. O(1), and the references of a logger and of what
/// may own a namespace.
pub fn familiar(graph: &HeapGraph, reference: Reference, values: Values) -> Option<String> {
    let source = owner(graph, reference.source);
    let of_type = graph.type_of(source);
    let (module, class) = (graph.type_module(of_type), graph.type_short_name(of_type));
    let name = reference.text(graph).unwrap_or_default();
    let words = match (module, class, name) {
        ("functools", "_lru_cache_wrapper", _) if reference.kind == EdgeKind::Item => {
            return Some(cache_of(graph, source, "result"));
        }
        ("functools", "_lru_cache_wrapper", "(cache)") => return Some(cache_of(graph, source, "all")),
        ("functools", "_lru_cache_wrapper", "key") => return Some(cache_of(graph, source, "argument")),
        ("functools", "_lru_cache_wrapper", _) if reference.kind == EdgeKind::Key => {
            return Some(cache_of(graph, source, "argument"));
        }
        ("logging", _, "handlers") => return Some(format!("handlers of {}", logger(graph, source, values))),
        ("logging", _, "loggerDict") => "every logger by its name",
        ("logging", _, "filters") => "filters of a logger or handler",
        ("_contextvars", "Context", _) => "values of context variables",
        ("_asyncio" | "asyncio.tasks", "Task", "_coro") => "the coroutine that the task runs",
        ("_asyncio" | "asyncio.tasks", "Task", "_fut_waiter") => "what the task waits for",
        ("_asyncio" | "asyncio.tasks", "Task", "_context") => "the task's context",
        ("_asyncio" | "asyncio.futures" | "asyncio.tasks", _, "(callback)" | "_callbacks") => "called when it is done",
        ("asyncio.events", "Handle" | "TimerHandle", "_args") => "arguments of a scheduled call",
        ("asyncio.events", "Handle" | "TimerHandle", "_callback") => "a scheduled call",
        ("asyncio.events", "Handle" | "TimerHandle", "_context") => "context of a scheduled call",
        (_, _, "_ready") if is_loop(graph, source) => "calls that the event loop makes next",
        (_, _, "_scheduled") if is_loop(graph, source) => "timers of the event loop",
        (_, _, "_selector") if is_loop(graph, source) => "files that the event loop watches",
        ("_abc", "_abc_data", _) => "registered with, or checked against, an abstract class",
        ("weakref", "finalize._Info", _) => "what weakref.finalize will call",
        ("_thread", "_local", _) => "a thread's own values",
        ("threading", "Thread", "_target" | "_args" | "_kwargs") => "what the thread runs",
        ("concurrent.futures.thread", "_WorkItem", _) => "work that waits for a thread",
        (_, _, "__traceback__" | "tb_next") => "a kept traceback keeps the locals of its frames",
        (_, _, "tb_frame") => "a frame of a kept traceback",
        (_, _, "__context__") => "the exception that was handled when it was raised",
        (_, _, "__cause__") => "the exception that it was raised from",
        (_, _, "(tp_subclasses)") => "a class knows its subclasses",
        _ => return module_state(graph, reference).map(str::to_owned),
    };
    Some(words.to_owned())
}

/// Well-known variables of modules of the standard library.
fn module_state(graph: &HeapGraph, reference: Reference) -> Option<&'static str> {
    if !matches!(reference.kind, EdgeKind::Attribute | EdgeKind::Special) {
        return None;
    }
    let name = reference.text(graph)?;
    let words = match name {
        "last_exc" | "last_value" | "last_traceback" => "the last exception that nobody caught",
        "_handlerList" | "_handlers" => "every logging handler",
        "__warningregistry__" => "warnings that were shown",
        "_finalizer_registry" => "finalizers of multiprocessing",
        "_active" | "_limbo" => "threads",
        "_registry" => "pending weakref.finalize callbacks",
        "_exithandlers" => "atexit callbacks",
        "_running_loop" | "_event_loop_policy" => "the event loop",
        "path_importer_cache" => "finders of the import system",
        "dispatch_table" => "functions of copyreg",
        "_scheduled_tasks" | "_eager_tasks" | "_all_tasks" => "every task of asyncio",
        "cache" => "source lines that linecache keeps",
        "_cache" => "compiled patterns",
        _ => return None,
    };
    let at_home: &[&str] = match name {
        "last_exc" | "last_value" | "last_traceback" | "path_importer_cache" => &["sys"],
        "_handlerList" | "_handlers" => &["logging"],
        "_finalizer_registry" => &["multiprocessing.util"],
        "_active" | "_limbo" => &["threading"],
        "_registry" => &["weakref", "weakref.finalize"],
        "_exithandlers" => &["atexit"],
        "_running_loop" | "_event_loop_policy" => &["asyncio.events", "_asyncio"],
        "dispatch_table" => &["copyreg"],
        "_scheduled_tasks" | "_eager_tasks" | "_all_tasks" => &["asyncio.tasks", "_asyncio"],
        "cache" => &["linecache"],
        "_cache" => &["re", "sre"],
        _ => return Some(words),
    };
    graph.definition(owner(graph, reference.source)).is_some_and(|owner| at_home.contains(&owner)).then_some(words)
}

/// The object whose attributes stand in a namespace; any other node itself.
pub(super) fn owner(graph: &HeapGraph, namespace: NodeId) -> NodeId {
    if !graph.flags(namespace).contains(NodeFlags::NAMESPACE) {
        return namespace;
    }
    let mut owners = graph.distinct_referrers(namespace).take(OWNERS);
    owners.find(|&owner| holder::is_dict_of(graph, namespace, owner)).unwrap_or(namespace)
}

/// Referrers of a namespace that are looked at: a module has thousands of functions that refer to it.
const OWNERS: usize = 64;

fn is_loop(graph: &HeapGraph, source: NodeId) -> bool {
    graph.type_qualname(graph.type_of(source)).ends_with("Loop")
}

fn cache_of(graph: &HeapGraph, cache: NodeId, what: &str) -> String {
    let wrapped = graph.references_from(cache).find(|reference| {
        let name = reference.text(graph).unwrap_or_default();
        matches!(name, "__wrapped__" | "(func)" | "func" | "(function)")
    });
    match wrapped.and_then(|reference| graph.definition(reference.target)) {
        Some(function) => format!("{what} that the cache of {function}() keeps"),
        None => format!("{what} that a functools cache keeps"),
    }
}

fn logger(graph: &HeapGraph, logger: NodeId, values: Values) -> String {
    if graph.sayable(values) == Values::None {
        return "a logger".to_owned();
    }
    // The name is an attribute of the logger or of its dict.
    let own = graph.references_from(logger).collect::<Vec<_>>();
    let dicts = own.iter().filter(|reference| reference.text(graph) == Some("__dict__")).map(|reference| reference.target);
    let of_dicts = dicts.flat_map(|dict| graph.references_from(dict));
    let name = own.iter().copied().chain(of_dicts).find(|reference| reference.text(graph) == Some("name"));
    match name.and_then(|reference| graph.value(reference.target)) {
        Some(crate::Value::Str(name, _)) => format!("the logger {name}"),
        _ => "a logger".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    #[test]
    fn well_known_holders_have_words_and_others_have_none() {
        let graph = sketch::parse(
            "log: logging.Logger
             log -> h .handlers
             log -> name .name
             h: list
             name: str 'app.web'
             loop: asyncio.unix_events._UnixSelectorEventLoop
             loop -> loop_names .__dict__
             loop_names: dict namespace
             loop_names -> q ._ready
             q: collections.deque
             cache: functools._lru_cache_wrapper
             cache -> f .__wrapped__
             cache -> h [name]
             cache -> names special (cache)
             f: function 'app.total'
             line: module 'linecache' root
             line -> names .__dict__
             names: dict namespace
             names -> h .cache
             other: module 'app' root
             other -> more .__dict__
             more: dict namespace
             more -> h .cache",
        )
        .unwrap();
        let told: Vec<String> = graph
            .node_ids()
            .flat_map(|node| graph.references_from(node))
            .filter_map(|r| familiar(&graph, r, Values::Short))
            .collect();
        let expected = [
            "handlers of the logger app.web",
            "calls that the event loop makes next",
            "result that the cache of app.total() keeps",
            "all that the cache of app.total() keeps",
            "source lines that linecache keeps",
        ];
        assert_eq!(told, expected);
    }
}

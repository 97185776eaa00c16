//! The search for the shortest chain of references from a GC root to an object.

use petgraph::visit::{VisitMap, Visitable};

use crate::query::anchors::has_place;
use crate::query::chain::Chain;
use crate::query::cycles::{CycleOptions, smallest_cycle};
use crate::query::shortest::telling;
use crate::query::towards::Towards;
use crate::query::unmeant::Unmeant;
use crate::{HeapGraph, NodeId, Reference, Root, RootKind};

/// What may end a chain.
#[derive(Clone, Copy, Debug, Default)]
pub struct WhyOptions {
    /// Let holders count that people do not mean: the frame that asks, the last result of a prompt, a
    /// notebook's inputs and outputs. Without it they give way whenever another chain exists.
    pub all_roots: bool,
}

/// Finds the shortest chain from a root to `target`.
///
/// A breadth-first search over referrers that ends with the first level on which a root stands; of
/// several on one level, modules go before frames, of modules the one that defines what the chain goes
/// through before those that import it, and then heap order decides. The interpreter's own
/// state gives way to modules, frames and static types, to it what is held in a known place outside; what a
/// prompt or a notebook keeps and the frame that asks give way to any of these, and the variable that it asked with to any other way to it. Where no root
/// is found the chain begins at the nearest object that something outside the graph holds, else at the nearest
/// that is immortal or that refroots holds, else the target is garbage. Cost: at most one look at each reference
/// into the objects that lead to `target` (two where only unmeant ones do), and 4 bytes an object.
pub fn why(graph: &HeapGraph, target: NodeId, options: &WhyOptions) -> Chain {
    if options.all_roots {
        return search(graph, target, &Unmeant::default(), true).chain;
    }
    let found = search(graph, target, &Unmeant::of(graph), false);
    if found.passed_over { search(graph, target, &Unmeant::default(), false).chain } else { found.chain }
}

struct Found {
    chain: Chain,
    /// Whether no root was found that people mean, and unmeant references were passed over.
    passed_over: bool,
}

fn search(graph: &HeapGraph, target: NodeId, unmeant: &Unmeant, all_roots: bool) -> Found {
    let mut towards = Towards::new(graph.node_count());
    towards.set(target, target);
    let gives_way = |root: &Root| root.asking && !all_roots;
    let is_state = |root: &Root| root.kind == RootKind::Interpreter;
    let is_unmeant = |source: NodeId, node: NodeId| {
        unmeant.concerns(source) && graph.references_between(source, node).all(|reference| unmeant.is(graph, reference))
    };
    let meant = |chain: Chain| Found { chain, passed_over: false };
    let mut order = vec![target];
    let (mut state, mut asking, mut asked_with, mut passed_over) = (None, None, None, false);
    let mut level_start = 0;
    while level_start < order.len() {
        let level_end = order.len();
        let roots = order[level_start..].iter().filter_map(|&node| graph.root(node));
        asking = asking.or(roots.clone().find(|root| gives_way(root)));
        state = state.or(roots.clone().find(|root| is_state(root)));
        if let Some(root) = roots
            .filter(|root| !gives_way(root) && !is_state(root))
            .min_by_key(|root| (root.kind, !is_home(graph, root, &towards), root.node))
        {
            return meant(chain(graph, root.kind, root.node, target, &towards));
        }
        for at in level_start..level_end {
            let node = order[at];
            for &source in graph.referrers(node) {
                let source = NodeId(source);
                if towards.contains(source) || !graph.is_shown(source) {
                    continue;
                }
                if is_unmeant(source, node) {
                    passed_over = true;
                    continue;
                }
                match graph.root(source).filter(|root| node == target && gives_way(root)) {
                    Some(root) => asked_with = Some(root),
                    None => {
                        towards.set(source, node);
                        order.push(source);
                    }
                }
            }
        }
        level_start = level_end;
    }
    if let Some(root) = state {
        return meant(chain(graph, root.kind, root.node, target, &towards));
    }
    let is_placed = |node: &&NodeId| graph.external(**node).is_some_and(|count| count > 0) && has_place(graph, **node);
    let chain = if let Some(&held) = order.iter().find(is_placed) {
        chain(graph, RootKind::External, held, target, &towards)
    } else if let Some(root) = asking {
        chain(graph, root.kind, root.node, target, &towards)
    } else if let Some(root) = asked_with {
        towards.set(root.node, target);
        chain(graph, root.kind, root.node, target, &towards)
    } else {
        chain_without_root(graph, target, &order, &towards)
    };
    Found { chain, passed_over }
}

/// The chain from the nearest object that is held although no root leads to it.
fn chain_without_root(graph: &HeapGraph, target: NodeId, order: &[NodeId], towards: &Towards) -> Chain {
    let is_held = |node: &&NodeId| graph.external(**node).is_some_and(|count| count > 0);
    let is_immortal = |node: &&NodeId| graph.external(**node).is_none();
    let is_own = |node: &&NodeId| graph.referrers(**node).iter().any(|&source| !graph.is_shown(NodeId(source)));
    match order.iter().find(is_held).or_else(|| order.iter().find(is_immortal)).or_else(|| order.iter().find(is_own)) {
        Some(&held) => chain(graph, RootKind::External, held, target, towards),
        None => {
            let first = member_of_cycle(graph, target);
            let cycle = smallest_cycle(graph, first, &CycleOptions { definitions: true }).unwrap_or_default();
            Chain { cycle, ..chain(graph, RootKind::Garbage, first, target, towards) }
        }
    }
}

/// An object of a cycle that leads to garbage: whoever goes from referrer to referrer ends in one.
fn member_of_cycle(graph: &HeapGraph, target: NodeId) -> NodeId {
    let mut is_met = graph.visit_map();
    let mut node = target;
    while is_met.visit(node) {
        match graph.referrers(node).iter().map(|&source| NodeId(source)).find(|&source| graph.is_shown(source)) {
            Some(source) => node = source,
            None => return target,
        }
    }
    node
}

/// Whether a module defines one of the first objects of its chain: a class, a function.
fn is_home(graph: &HeapGraph, root: &Root, towards: &Towards) -> bool {
    let module = graph.text(root.name);
    let next = |node: &NodeId| towards.get(*node).filter(|next| next != node);
    std::iter::successors(Some(root.node), next).skip(1).take(3).any(|node| {
        let definition = graph.definition(node).and_then(|name| name.strip_prefix(module));
        definition.is_some_and(|rest| rest.starts_with('.'))
    })
}

/// Walks from `first` the way that the search came.
fn chain(graph: &HeapGraph, root: RootKind, first: NodeId, target: NodeId, towards: &Towards) -> Chain {
    let mut references = Vec::new();
    let mut node = first;
    while node != target {
        let Some(next) = towards.get(node) else { break };
        match telling_reference(graph, node, next) {
            Some(reference) => references.push(reference),
            None => break,
        }
        node = next;
    }
    Chain { root, first, target, references, cycle: Vec::new() }
}

/// The reference from one object to another that says most.
pub(crate) fn telling_reference(graph: &HeapGraph, source: NodeId, target: NodeId) -> Option<Reference> {
    graph.references_between(source, target).next().map(|first| telling(graph, first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Values, Wording, sketch};

    fn ask(text: &str, target: u32) -> (String, Option<String>) {
        let graph = sketch::parse(text).unwrap();
        let chain = why(&graph, NodeId(target), &WhyOptions::default());
        (chain.root_text(&graph, Values::Short), chain.expression(&graph, Values::Short))
    }

    #[test]
    fn a_chain_reads_as_python_where_it_can() {
        let text = "owner: app.Owner
            app: module 'app' root
            app -> names .__dict__
            names: dict namespace
            names -> cache .CACHE
            cache: dict
            cache -> list [k]
            k: str 'k'
            list: list
            list -> foo [17]
            foo: app.Foo
            foo -> owner .owner";
        assert_eq!(ask(text, 0), ("module app".into(), Some("app.CACHE['k'][17].owner".into())));
        let of = |name: &str| ask(&text.replace(".owner", name), 0).1;
        assert_eq!(of(".class"), None, "a keyword is no attribute");
        assert_eq!(of(".ª"), None, "Python reads this letter as another");
        assert_eq!(
            ask(&text.replace("cache: dict", "cache: dict namespace").replace("[k]", ".k"), 0).1.as_deref(),
            Some("app.CACHE['k'][17].owner")
        );
        assert_eq!(ask(&text.replace("[17]", "[*]"), 0).1, None);
        assert_eq!(ask(&text.replace("module 'app'", "module 'my app'"), 0), ("module my app".into(), None));
        assert_eq!(ask(&text.replace(".owner", ""), 0).1, None);
    }

    #[test]
    fn modules_go_before_frames_on_one_level_and_the_nearer_root_wins() {
        let text = "x: list
            f: frame 'app.main:3' root
            f -> x local x
            app: module 'app' root
            app -> x .x";
        assert_eq!(ask(text, 0).0, "module app");
        assert_eq!(
            ask(&text.replace("app -> x .x", "app -> d .__dict__\nd: dict namespace\nd -> x .x"), 0).0,
            "running frame app.main:3"
        );
    }

    #[test]
    fn the_asking_frame_gives_way() {
        let asked = "x: list
            f: frame 'app.main:3' root asking
            f -> x local x
            app: module 'app' root
            app -> d .__dict__
            d: dict namespace
            d -> x .x";
        assert_eq!(ask(asked, 0).0, "module app");
        let through_itself = "x: list
            f: frame 'app.main:3' root asking
            f -> x local x
            f -> d local d
            d: dict
            d -> x [k]
            k: str 'k'";
        let graph = sketch::parse(through_itself).unwrap();
        let names = |options: &WhyOptions| -> Vec<String> {
            let chain = why(&graph, NodeId(0), options);
            chain.references.iter().map(|r| Wording::new(&graph, Values::Short).reference(*r)).collect()
        };
        assert_eq!(names(&WhyOptions::default()), ["d", "['k']"]);
        assert_eq!(names(&WhyOptions { all_roots: true }), ["x"]);
        let alone = "x: list\nf: frame 'app.main:3' root asking\nf -> x local x";
        assert_eq!(ask(alone, 0).0, "running frame app.main:3");
    }

    #[test]
    fn what_a_prompt_keeps_gives_way() {
        let prompt = "x: list
            b: module 'builtins' root
            b -> names .__dict__
            names: dict namespace
            names -> x ._";
        assert_eq!(ask(prompt, 0), ("module builtins".into(), Some("builtins._".into())), "where nothing else holds it");
        let held = format!("{prompt}\napp: module 'app' root\napp -> l .l\nl: list\nl -> m [0]\nm: list\nm -> x [3]");
        assert_eq!(ask(&held, 0).1.as_deref(), Some("app.l[0][3]"));
        let graph = sketch::parse(&held).unwrap();
        let chain = why(&graph, NodeId(0), &WhyOptions { all_roots: true });
        assert_eq!(chain.expression(&graph, Values::Short).as_deref(), Some("builtins._"));
    }

    #[test]
    fn not_held_by_a_root_is_an_answer() {
        let cycle = "a: list\nb: list\na -> b [0]\nb -> a [0]";
        assert_eq!(ask(cycle, 0).0, "unreachable garbage, held by a cycle of 2 objects");
        let tail = format!("c: list\nd: list\nd -> c [0]\n{cycle}\nb -> d [1]");
        let graph = sketch::parse(&tail).unwrap();
        let chain = why(&graph, NodeId(0), &WhyOptions::default());
        assert_eq!((chain.first, chain.references.len(), chain.cycle.len()), (NodeId(3), 2, 2));
        let view = chain.view(&graph, Values::Short);
        assert_eq!((view.graph.node_count(), view.graph.edge_count()), (4, 4));
        assert_eq!(ask("a: list\na -> a [0]", 0).0, "unreachable garbage, held by itself");
        let held = "a: list\nb: list external=2\nb -> a [0]";
        assert_eq!(ask(held, 0).0, "held from outside by 2 references that Python cannot see");
        let own = "a: list\nf: frame 'refroots.x:1' internal\nf -> a local a";
        assert_eq!(ask(own, 0).0, "held by refroots itself");
    }
}

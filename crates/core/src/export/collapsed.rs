//! Collapsed stacks of retained bytes: the dominator tree as a flame graph of references.
//!
//! One line a stack, `root;frame;frame bytes` (Brendan Gregg's stackcollapse format): what keeps alive, then at
//! each step the reference and the type of what it alone keeps alive; siblings that say the same are one. The
//! bytes are those of the objects at its end, so all lines add up to the heap.

use std::collections::VecDeque;

use super::Error;
use super::escape;
use super::output::Output;
use super::trie::{Frame, TOP, Trie};
use crate::query::dominator_tree::DominatorTree;
use crate::query::dominators::{Dominator, Dominators};
use crate::query::reach;
use crate::wording::Said;
use crate::{EdgeId, EdgeKind, HeapGraph, NodeId, RootKind, Study, TextId, TypeId, Values, Wording};

/// One frame: what is written of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Fixed(&'static str),
    /// By its place among the roots.
    Root(u32),
    Thread(TextId),
    /// A reference, as far as it is told apart, to an object of a type.
    Held(Option<Said>, TypeId),
}

/// No reference.
const NONE: u32 = u32::MAX;

/// Writes the stacks.
pub(super) fn write(graph: &Study, values: Values, out: &mut Output<'_>) -> Result<(), Error> {
    out.pace.ask()?;
    let dominators = graph.dominators()?;
    out.pace.expect(2 * graph.node_count() as u64);
    let trie = gather(graph, dominators, out)?;
    let wording = Wording::new(graph, values);
    for (stack, own, left_out) in trie.lines() {
        for (bytes, is_left_out) in [(own, false), (left_out, true)] {
            if bytes == 0 {
                continue;
            }
            for (at, &frame) in trie.frames(stack).iter().enumerate() {
                if at > 0 {
                    out.text(";");
                }
                escape::frame(out.bytes(), &words(graph, dominators, &wording, frame));
            }
            if is_left_out {
                out.text(";(more)");
            }
            out.text(" ");
            out.number(bytes);
            out.text("\n");
            out.gathered()?;
        }
    }
    Ok(())
}

/// Adds each object's bytes to its stack, from the top of the dominator tree down. O(objects + references), and
/// at most 16 bytes an object.
fn gather(graph: &HeapGraph, dominators: &Dominators, out: &mut Output<'_>) -> Result<Trie<Step>, Error> {
    // Of a node whose stack is known, it has that in the place of the reference.
    let mut via = references_of_dominators(graph, dominators, out)?;
    let tree = DominatorTree::new(dominators);
    let is_garbage = reach::unreached(graph);
    let mut trie = Trie::new();
    let mut waiting: VecDeque<u32> = VecDeque::new();
    for node in tree.tops().filter(|&node| graph.is_shown(node)) {
        let top = match (graph.root(node), dominators.dominator(node)) {
            (_, Dominator::Thread(thread)) => trie.below(TOP, Step::Thread(thread)),
            (Some(root), _) => match root.kind {
                RootKind::Frame => trie.below(TOP, Step::Thread(root.thread)),
                RootKind::Interpreter => trie.below(TOP, Step::Fixed("interpreter state")),
                RootKind::Static => trie.below(TOP, Step::Fixed("static types")),
                RootKind::Module | RootKind::External | RootKind::Garbage => TOP,
            },
            (None, _) => match graph.external(node) {
                None => trie.below(TOP, Step::Fixed("immortal")),
                Some(1..) => trie.below(TOP, Step::Fixed("held from outside")),
                Some(0) if is_garbage(node) => trie.below(TOP, Step::Fixed("unreachable garbage")),
                Some(0) => trie.below(TOP, Step::Fixed("several roots together")),
            },
        };
        let step = match graph.roots().binary_search_by_key(&node, |root| root.node) {
            Ok(at) => Step::Root(at as u32),
            Err(_) => Step::Held(None, graph.type_of(node)),
        };
        via[node.index()] = trie.below(top, step);
        waiting.push_back(node.0);
    }
    while let Some(node) = waiting.pop_front() {
        out.pace.step(1)?;
        let stack = via[node as usize];
        trie.add(stack, graph.size(NodeId(node)));
        for &child in tree.children(NodeId(node)) {
            let name = match via[child as usize] {
                NONE => None,
                edge => folded(graph, NodeId(node), edge),
            };
            via[child as usize] = trie.below(stack, Step::Held(name, graph.type_of(NodeId(child))));
            waiting.push_back(child);
        }
    }
    Ok(trie)
}

/// The first reference from its dominator to each object that this one refers to itself.
fn references_of_dominators(graph: &HeapGraph, dominators: &Dominators, out: &mut Output<'_>) -> Result<Vec<u32>, Error> {
    let mut via = vec![NONE; graph.node_count()];
    let idom = dominators.column();
    let targets = graph.targets();
    for source in graph.node_ids() {
        for edge in graph.edge_range(source) {
            let target = targets[edge] as usize;
            if idom[target] == source.0 && via[target] == NONE {
                via[target] = EdgeId::at(edge).0;
            }
        }
        out.pace.step(1)?;
    }
    Ok(via)
}

/// A reference's name, with keys and positions folded into one.
fn folded(graph: &HeapGraph, source: NodeId, edge: u32) -> Option<Said> {
    let reference = graph.reference_at(source, edge as usize);
    // Whatever may be said: an attribute's name always may, and no key is told.
    match Wording::new(graph, Values::None).said(reference, || 0) {
        Said::Text(kind, text) => Some(Said::Text(kind, text)),
        Said::Kind(EdgeKind::Unnamed) => None,
        Said::Kind(EdgeKind::Key) => Some(Said::Kind(EdgeKind::Key)),
        _ => Some(Said::Kind(EdgeKind::Member)),
    }
}

fn words(graph: &HeapGraph, dominators: &Dominators, wording: &Wording<'_>, frame: Frame<Step>) -> String {
    match frame {
        Frame::Deeper => "(deeper)".to_owned(),
        Frame::More => "(more)".to_owned(),
        Frame::Own(Step::Fixed(words)) => words.to_owned(),
        Frame::Own(Step::Root(at)) => graph.roots().get(at as usize).map_or_else(String::new, |root| wording.root(root)),
        Frame::Own(Step::Thread(thread)) => match wording.values() {
            Values::Short => format!("thread {}", graph.text(thread)),
            Values::None => {
                let place = dominators.threads().position(|(other, _)| other == thread).unwrap_or_default();
                format!("thread #{}", place + 1)
            }
        },
        Frame::Own(Step::Held(None, of_type)) => graph.type_name(of_type),
        Frame::Own(Step::Held(Some(said), of_type)) => format!("{}: {}", wording.words(said), graph.type_name(of_type)),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use crate::export::{self, Format, Options};
    use crate::{Study, Values, sketch};

    #[test]
    fn stacks_merge_and_add_up_to_the_heap() {
        let study = Study::new(
            sketch::parse(
                "app: module 'app' root size=1
                 app -> names .__dict__
                 names: dict namespace size=10
                 names -> cache .CACHE
                 cache: dict size=100
                 cache -> a [k]
                 cache -> b [k]
                 k: str 'hunter2' immortal size=7
                 a: app.Foo size=1000
                 b: app.Foo size=1000
                 b -> x slot x
                 x: a;b size=5
                 f: frame 'app.main:3' root synthetic size=0 thread=Secret
                 f -> y local y
                 y: list size=20000
                 lost: list size=300000
                 own: list internal size=5000000",
            )
            .unwrap(),
        );
        let mut out = Vec::new();
        let mut text = |values| {
            out.clear();
            export::write(&study, Format::Collapsed, Options::new(values), &mut out, &mut |_, _| ControlFlow::Continue(()))
                .unwrap();
            String::from_utf8(out.clone()).unwrap()
        };
        insta::assert_snapshot!(text(Values::None));
        assert!(text(Values::Short).contains("thread Secret;"));
    }
}

//! What keeps objects alive without being kept by one: GC roots, and objects that something outside the
//! graph holds, in the order in which people mean them.

use crate::{HeapGraph, NodeFlags, NodeId, RootKind};

/// How readily an anchor answers the question *why is this alive*; earlier ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// Modules, running frames, static types.
    Meant,
    /// The interpreter's own state.
    Interpreter,
    /// Objects that hold in a known place outside of the graph: static data, the state of a module.
    Placed,
    /// The frame that asks.
    Asking,
    /// Objects with references that the graph cannot see.
    Outside,
    /// Objects that nothing frees.
    Immortal,
    /// Operands: objects that running frames compute with just now, and nothing else outside holds.
    Operand,
    /// What refroots' own objects hold.
    Own,
}

impl Tier {
    pub(crate) const ALL: [Self; 8] =
        [Self::Meant, Self::Interpreter, Self::Placed, Self::Asking, Self::Outside, Self::Immortal, Self::Operand, Self::Own];
}

/// Every anchor of a graph, by tier.
pub(crate) struct Anchors([Vec<NodeId>; Tier::ALL.len()]);

impl Anchors {
    /// Those of one tier: roots by kind and heap order, the others in heap order.
    pub(crate) fn of(&self, tier: Tier) -> &[NodeId] {
        &self.0[tier as usize]
    }

    /// What keeps objects for longer than the next steps of a frame, earlier tiers first.
    pub(crate) fn lasting(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0[..Tier::Operand as usize].iter().flatten().copied()
    }

    /// What would stay alive without refroots, earlier tiers first. A root that is held from outside as
    /// well comes twice.
    pub(crate) fn keeping(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.0[..Tier::Own as usize].iter().flatten().copied()
    }
}

/// Finds the anchors. O(objects).
pub(crate) fn anchors(graph: &HeapGraph) -> Anchors {
    let mut found: [Vec<NodeId>; Tier::ALL.len()] = Default::default();
    let mut roots: Vec<_> = graph.roots().iter().filter(|root| graph.is_shown(root.node)).collect();
    roots.sort_by_key(|root| root.kind);
    for root in roots {
        let tier = match root.kind {
            _ if root.asking => Tier::Asking,
            RootKind::Interpreter => Tier::Interpreter,
            _ => Tier::Meant,
        };
        found[tier as usize].push(root.node);
    }
    for (node, external) in graph.node_ids().zip(externals(graph)) {
        let flags = graph.flags(node);
        if flags.contains(NodeFlags::INTERNAL) {
            let shown = graph.referents(node).iter().map(|&target| NodeId(target)).filter(|&target| graph.is_shown(target));
            found[Tier::Own as usize].extend(shown);
        } else if external.is_none() && !flags.contains(NodeFlags::SYNTHETIC) {
            found[Tier::Immortal as usize].push(node);
        } else if external.is_some_and(|count| count > 0) {
            let tier = match external {
                _ if has_place(graph, node) => Tier::Placed,
                Some(count) if is_operand(graph, node, count) => Tier::Operand,
                _ => Tier::Outside,
            };
            found[tier as usize].push(node);
        }
    }
    Anchors(found)
}

/// Whether an object is held in a known place outside, other than a frame that computes with it just now.
pub(crate) fn has_place(graph: &HeapGraph, node: NodeId) -> bool {
    graph.places(node).any(|place| place != "running" && !place.ends_with(STACK))
}

/// How the places of what a frame computes with end, and the name of a frame's references to it in brackets.
const STACK: &str = "evaluation stack";

/// Whether a frame's reference of this name is to what it computes with.
pub(crate) fn is_of_stack(name: &str) -> bool {
    name.strip_prefix('(').and_then(|name| name.strip_suffix(')')) == Some(STACK)
}

/// Whether all places where an object is known to be held outside are where frames compute, and there are some.
pub(crate) fn is_computed_with(graph: &HeapGraph, node: NodeId) -> bool {
    let mut places = graph.places(node).peekable();
    places.peek().is_some() && places.all(|place| place.ends_with(STACK))
}

/// Whether all references from outside stand where frames compute, as the arguments of a call do: the call that asks
/// about an object is one.
fn is_operand(graph: &HeapGraph, node: NodeId, external: u32) -> bool {
    let mut places = 0;
    graph.places(node).inspect(|_| places += 1).all(|place| place.ends_with(STACK)) && places == external
}

/// [`HeapGraph::external`] of every node in order. O(objects) for all of them.
pub(crate) fn externals(graph: &HeapGraph) -> impl Iterator<Item = Option<u32>> + '_ {
    let mut borrowed = graph.borrowed.iter().copied().peekable();
    graph.node_ids().map(move |node| {
        let mut uncounted = 0;
        while borrowed.next_if_eq(&node.0).is_some() {
            uncounted += 1;
        }
        let seen = graph.referrers(node).len() as u32 - uncounted;
        graph.refcount(node).map(|count| count.saturating_sub(seen))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch;

    #[test]
    fn tiers_tell_what_people_mean_from_what_else_holds() {
        let graph = sketch::parse(
            "state: dict root
             frame: frame 'app.main:1' root asking synthetic
             app: module 'app' root
             c: list external=1
             none: NoneType immortal
             own: list internal
             own -> kept [0]
             kept: list",
        )
        .unwrap();
        let anchors = anchors(&graph);
        let of = |tier| anchors.of(tier).iter().map(|node| node.0).collect::<Vec<_>>();
        assert_eq!(Tier::ALL.map(of), [vec![2], vec![0], vec![], vec![1], vec![3], vec![4], vec![], vec![6]]);
        assert!(graph.node_ids().zip(externals(&graph)).all(|(node, count)| graph.external(node) == count));
    }
}

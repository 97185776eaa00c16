//! The signs of a picture: by what it tells what, and which of them a view uses.

use refroots_core::{Question, RootKind, View, ViewEdge, ViewNode, ViewRoot};

use crate::cycles::on_cycle;

/// A sign that a reader may want explained, in the order of a legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Start,
    Chain,
    Reference,
    Weak,
    Cycle,
    Root(RootKind),
    Folded,
    Namespace,
    Cut,
}

const ORDER: [Sign; 14] = [
    Sign::Start,
    Sign::Chain,
    Sign::Reference,
    Sign::Weak,
    Sign::Cycle,
    Sign::Root(RootKind::Module),
    Sign::Root(RootKind::Frame),
    Sign::Root(RootKind::Interpreter),
    Sign::Root(RootKind::Static),
    Sign::Root(RootKind::External),
    Sign::Root(RootKind::Garbage),
    Sign::Folded,
    Sign::Namespace,
    Sign::Cut,
];

/// What a legend draws to show a sign.
pub(crate) enum Example {
    Node(ViewNode),
    Arrow { reference: ViewEdge, is_on_cycle: bool },
    Cut,
}

/// The signs that a view uses.
pub(crate) fn used(view: &View) -> Vec<Sign> {
    let is_on_cycle = on_cycle(view);
    let mut edges = view.graph.edge_weights().zip(&is_on_cycle);
    ORDER
        .into_iter()
        .filter(|sign| match sign {
            Sign::Cut => view.graph.node_indices().any(|index| view.cut_text(index).is_some()),
            Sign::Chain => view.graph.edge_weights().any(|edge| edge.is_on_chain),
            Sign::Cycle => is_on_cycle.contains(&true),
            Sign::Weak => view.graph.edge_weights().any(|edge| edge.is_weak),
            Sign::Reference => edges.any(|(edge, is_on_cycle)| !edge.is_on_chain && !edge.is_weak && !is_on_cycle),
            Sign::Start => view.graph.node_weights().any(|node| node.is_start),
            Sign::Folded => view.graph.node_weights().any(|node| node.folded > 0),
            Sign::Namespace => view.graph.node_weights().any(|node| node.is_namespace && node.root.is_none()),
            Sign::Root(kind) => view.graph.node_weights().any(|node| node.root.as_ref().is_some_and(|root| root.kind == *kind)),
        })
        .collect()
}

impl Sign {
    /// The sign's word in ids.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Chain => "chain",
            Self::Reference => "reference",
            Self::Weak => "weak",
            Self::Cycle => "cycle",
            Self::Root(kind) => kind.word(),
            Self::Folded => "folded",
            Self::Namespace => "namespace",
            Self::Cut => "cut",
        }
    }

    /// What the sign means, in a few words.
    pub(crate) fn meaning(self, question: Question) -> &'static str {
        match self {
            Self::Start => "what was asked about",
            Self::Chain => "the chain that keeps it alive",
            Self::Reference if question == Question::Dominated => "is all that keeps alive",
            Self::Reference => "refers to, and keeps alive",
            Self::Weak => "a weak reference: keeps nothing alive",
            Self::Cycle => "a reference on a cycle",
            Self::Root(RootKind::Module) => "a loaded module (root)",
            Self::Root(RootKind::Frame) => "a running call (root)",
            Self::Root(RootKind::Interpreter) => "the interpreter's own state (root)",
            Self::Root(RootKind::Static) => "a type that is compiled in (root)",
            Self::Root(RootKind::External) => "held by what Python cannot see",
            Self::Root(RootKind::Garbage) => "garbage, which no root holds",
            Self::Folded => "several objects alike",
            Self::Namespace => "attributes, as a dict of names",
            Self::Cut => "left out of this picture",
        }
    }

    /// What the sign looks like, where it cannot be drawn beside its meaning.
    pub(crate) fn looks(self) -> &'static str {
        match self {
            Self::Start => "thick border",
            Self::Chain => "thick arrow",
            Self::Reference => "arrow",
            Self::Weak => "dotted arrow",
            Self::Cycle => "hollow arrowhead",
            Self::Root(RootKind::Module) => "folder",
            Self::Root(RootKind::Frame) => "bars at the sides",
            Self::Root(RootKind::Interpreter) => "octagon",
            Self::Root(RootKind::Static) => "double octagon",
            Self::Root(RootKind::External) => "hexagon",
            Self::Root(RootKind::Garbage) => "crossed corners",
            Self::Folded => "double border",
            Self::Namespace => "turned-down corner",
            Self::Cut => "dashes",
        }
    }

    pub(crate) fn example(self) -> Example {
        let reference = ViewEdge { is_on_chain: self == Self::Chain, is_weak: self == Self::Weak, ..ViewEdge::default() };
        match self {
            Self::Chain | Self::Reference | Self::Weak | Self::Cycle => {
                Example::Arrow { reference, is_on_cycle: self == Self::Cycle }
            }
            Self::Start => Example::Node(ViewNode { is_start: true, ..ViewNode::default() }),
            Self::Folded => Example::Node(ViewNode { folded: 1, ..ViewNode::default() }),
            Self::Namespace => Example::Node(ViewNode { is_namespace: true, ..ViewNode::default() }),
            Self::Root(kind) => {
                let root = Some(ViewRoot { kind, text: String::new() });
                Example::Node(ViewNode { root, ..ViewNode::default() })
            }
            Self::Cut => Example::Cut,
        }
    }
}

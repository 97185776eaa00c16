//! petgraph's visit traits for [`HeapGraph`], so that its algorithms run on a heap.

use petgraph::Directed;
use petgraph::Direction;
use petgraph::visit::{
    Data, EdgeCount, EdgeIndexable, EdgeRef, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges, IntoEdgesDirected,
    IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, IntoNodeReferences, NodeCompactIndexable, NodeCount,
    NodeIndexable, VisitMap, Visitable,
};

use crate::{EdgeId, EdgeKind, HeapGraph, NodeId, Reference, TypeId};

impl GraphBase for HeapGraph {
    type NodeId = NodeId;
    type EdgeId = EdgeId;
}

impl Data for HeapGraph {
    type NodeWeight = TypeId;
    type EdgeWeight = EdgeKind;
}

impl GraphProp for HeapGraph {
    type EdgeType = Directed;
}

impl NodeCount for HeapGraph {
    fn node_count(&self) -> usize {
        self.node_count()
    }
}

impl EdgeCount for HeapGraph {
    fn edge_count(&self) -> usize {
        self.edge_count()
    }
}

impl NodeIndexable for HeapGraph {
    fn node_bound(&self) -> usize {
        self.node_count()
    }

    fn to_index(&self, node: NodeId) -> usize {
        node.index()
    }

    fn from_index(&self, index: usize) -> NodeId {
        NodeId::at(index)
    }
}

impl NodeCompactIndexable for HeapGraph {}

impl EdgeIndexable for HeapGraph {
    fn edge_bound(&self) -> usize {
        self.edge_count()
    }

    fn to_index(&self, edge: EdgeId) -> usize {
        edge.index()
    }

    fn from_index(&self, index: usize) -> EdgeId {
        EdgeId::at(index)
    }
}

/// The nodes that a walk has met: one bit each.
#[derive(Clone, Debug, Default)]
pub struct Visited(Vec<u64>);

impl VisitMap<NodeId> for Visited {
    fn visit(&mut self, node: NodeId) -> bool {
        let word = &mut self.0[node.index() / 64];
        let bit = 1 << (node.index() % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn is_visited(&self, node: &NodeId) -> bool {
        self.0[node.index() / 64] & (1 << (node.index() % 64)) != 0
    }

    fn unvisit(&mut self, node: NodeId) -> bool {
        let was = self.is_visited(&node);
        self.0[node.index() / 64] &= !(1 << (node.index() % 64));
        was
    }
}

impl Visitable for HeapGraph {
    type Map = Visited;

    fn visit_map(&self) -> Visited {
        Visited(vec![0; self.node_count().div_ceil(64)])
    }

    fn reset_map(&self, map: &mut Visited) {
        map.0.clear();
        map.0.resize(self.node_count().div_ceil(64), 0);
    }
}

impl EdgeRef for Reference {
    type NodeId = NodeId;
    type EdgeId = EdgeId;
    type Weight = EdgeKind;

    fn source(&self) -> NodeId {
        self.source
    }

    fn target(&self) -> NodeId {
        self.target
    }

    fn weight(&self) -> &EdgeKind {
        // The weight is a value of the column; every kind stands once in this table.
        &EdgeKind::ALL[self.kind as usize]
    }

    fn id(&self) -> EdgeId {
        self.edge
    }
}

type Ids<'a> = std::iter::Map<std::iter::Copied<std::slice::Iter<'a, u32>>, fn(u32) -> NodeId>;

impl<'a> IntoNeighbors for &'a HeapGraph {
    type Neighbors = Ids<'a>;

    fn neighbors(self, node: NodeId) -> Self::Neighbors {
        self.referents(node).iter().copied().map(NodeId)
    }
}

impl<'a> IntoNeighborsDirected for &'a HeapGraph {
    type NeighborsDirected = Ids<'a>;

    fn neighbors_directed(self, node: NodeId, direction: Direction) -> Self::NeighborsDirected {
        match direction {
            Direction::Outgoing => self.referents(node).iter().copied().map(NodeId),
            Direction::Incoming => self.referrers(node).iter().copied().map(NodeId),
        }
    }
}

impl<'a> IntoEdgeReferences for &'a HeapGraph {
    type EdgeRef = Reference;
    type EdgeReferences = Box<dyn Iterator<Item = Reference> + 'a>;

    fn edge_references(self) -> Self::EdgeReferences {
        Box::new(self.node_ids().flat_map(move |node| self.references_from(node)))
    }
}

impl<'a> IntoEdges for &'a HeapGraph {
    type Edges = Box<dyn Iterator<Item = Reference> + 'a>;

    fn edges(self, node: NodeId) -> Self::Edges {
        Box::new(self.references_from(node))
    }
}

impl<'a> IntoEdgesDirected for &'a HeapGraph {
    type EdgesDirected = Box<dyn Iterator<Item = Reference> + 'a>;

    fn edges_directed(self, node: NodeId, direction: Direction) -> Self::EdgesDirected {
        match direction {
            Direction::Outgoing => Box::new(self.references_from(node)),
            Direction::Incoming => Box::new(self.references_to(node)),
        }
    }
}

impl IntoNodeIdentifiers for &HeapGraph {
    type NodeIdentifiers = std::iter::Map<std::ops::Range<u32>, fn(u32) -> NodeId>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        (0..self.node_count() as u32).map(NodeId)
    }
}

/// A node and its type, as petgraph's algorithms ask for them.
#[derive(Clone, Copy, Debug)]
pub struct TypedNode(NodeId, TypeId);

impl petgraph::visit::NodeRef for TypedNode {
    type NodeId = NodeId;
    type Weight = TypeId;

    fn id(&self) -> NodeId {
        self.0
    }

    fn weight(&self) -> &TypeId {
        &self.1
    }
}

impl<'a> IntoNodeReferences for &'a HeapGraph {
    type NodeRef = TypedNode;
    type NodeReferences = Box<dyn Iterator<Item = TypedNode> + 'a>;

    fn node_references(self) -> Self::NodeReferences {
        Box::new(self.node_ids().map(|node| TypedNode(node, self.type_of(node))))
    }
}

//! The collapsed tree of shortest paths: objects that are held the same way share a node of it.
//!
//! Two steps are the same where their kinds, their names and the types that they lead to are, with
//! indexes, members, keys that are no texts and the keys of large dicts folded into one, `[*]`; and a step that repeats one shortly
//! before it (a linked list, a tree) stays where it is. LeakCanary compares heaps by such a tree.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::query::shortest::{ShortestPaths, Via};
use crate::{EdgeId, EdgeKind, Error, HeapGraph, NodeFlags, NodeId, Reference, RootKind, Stages, TypeId, Value, Values, Wording};

/// A dict with more items than this has no keys of its own in a path, but `[*]`.
const MOST_KEYS: usize = 16;
/// The same for attributes: a namespace with more is used as a dict.
const MOST_ATTRIBUTES: usize = 4096;
/// How many steps back a step is looked for that it repeats.
const LOOK_BACK: usize = 8;
/// Steps of the longest path: what is deeper belongs to its end, so that words about paths stay short.
const MOST_STEPS: u32 = 64;
/// Paths from which on no key and no attribute is told apart any more, so that a heap of a million different ones
/// does not make a tree as large as itself.
const MOST_PATHS: usize = 1 << 20;

/// A tree of paths, and the path of each object. 4 bytes an object, and about 60 a distinct path.
pub struct PathTree {
    pub(crate) nodes: Vec<PathNode>,
    path_of: Vec<u32>,
}

/// One path from a root.
#[derive(Clone, Debug)]
pub(crate) struct PathNode {
    /// The path without its last step; that of a root is itself.
    pub(crate) parent: u32,
    /// The last step: a reference that stands for all that are folded, or the root.
    pub(crate) step: Step,
    /// The type of the objects at its end.
    pub(crate) of_type: TypeId,
    /// How many steps it has after the root.
    steps: u32,
    /// Whether its last steps are taken any number of times.
    pub(crate) repeats: bool,
    /// Objects whose path it is.
    pub(crate) count: u64,
    /// Their shallow sizes, added.
    pub(crate) size: u64,
    /// The first of them in heap order.
    pub(crate) example: NodeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Root(NodeId),
    Named(EdgeId),
    /// The name does not count: an index, a member, a key that is no text or one of many.
    Folded(EdgeId),
}

/// What makes two steps the same: the kind with a name, and the type that they lead to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Label {
    kind: u8,
    name: u32,
    of_type: u32,
}

/// Kind of a step that is a root; `FOLDED` marks kinds of steps whose name does not count.
const ROOT_KIND: u8 = 100;
const FOLDED: u8 = 128;
/// The path of an object that no chain leads to.
pub(crate) const NO_PATH: u32 = u32::MAX;

struct Collapse<'a> {
    graph: &'a HeapGraph,
    tree: PathTree,
    labels: Vec<Label>,
    known: HashMap<(u32, Label), u32, FxBuildHasher>,
    /// Names of dict keys by what they say, because equal keys may be several objects.
    key_names: HashMap<String, u32, FxBuildHasher>,
    names_of_keys: HashMap<u32, u32, FxBuildHasher>,
    /// Names of roots, which are not the same text wherever they are the same root.
    root_names: HashMap<String, u32, FxBuildHasher>,
}

/// Collapses the shortest paths of a graph. O(objects + references).
///
/// # Errors
/// [`Error::OutOfMemory`].
pub fn path_tree(graph: &HeapGraph, paths: &ShortestPaths) -> Result<PathTree, Error> {
    path_tree_in(graph, paths, &Stages::default())
}

/// As [`path_tree`], and says how many objects it has looked at, after those that the search for the paths has.
pub(super) fn path_tree_in(graph: &HeapGraph, paths: &ShortestPaths, stages: &Stages) -> Result<PathTree, Error> {
    let count = graph.node_count();
    let mut path_of = Vec::new();
    path_of.try_reserve_exact(count).map_err(|_| Error::OutOfMemory(4 * count))?;
    path_of.resize(count, NO_PATH);
    let mut collapse = Collapse {
        graph,
        tree: PathTree { nodes: Vec::new(), path_of },
        labels: Vec::new(),
        known: HashMap::default(),
        key_names: HashMap::default(),
        names_of_keys: HashMap::default(),
        root_names: HashMap::default(),
    };
    for (at, node) in paths.order().enumerate() {
        if at % Stages::EVERY == 0 {
            stages.reach(count + at);
        }
        if paths.via(node) == Via::Anchor {
            collapse.add_root(node);
        }
        collapse.add_children(node, paths);
    }
    Ok(collapse.tree)
}

impl Collapse<'_> {
    fn add_root(&mut self, node: NodeId) {
        let name = root_name(self.graph, node);
        let next = self.root_names.len() as u32;
        let name = *self.root_names.entry(name).or_insert(next);
        let label = Label { kind: ROOT_KIND, name, of_type: self.graph.type_of(node).0 };
        let path = match self.known.get(&(NO_PATH, label)) {
            Some(&known) => known,
            None => self.add(NO_PATH, label, Step::Root(node), node),
        };
        self.count(path, node);
    }

    fn add_children(&mut self, node: NodeId, paths: &ShortestPaths) {
        let graph = self.graph;
        let own = self.tree.path_of[node.index()];
        // The attributes of an object stand below the object, wherever they are.
        let is_namespace = graph.flags(node).contains(NodeFlags::NAMESPACE);
        let owner = match self.tree.nodes.get(own as usize).map(|path| path.step) {
            Some(Step::Named(edge)) if is_namespace && graph.reference_of(edge).text(graph) == Some("__dict__") => {
                self.tree.nodes[own as usize].parent
            }
            _ => own,
        };
        let range = graph.edge_range(node);
        let is_large = range.len() > MOST_KEYS && {
            let items = graph.references_from(node).filter(|reference| reference.kind == EdgeKind::Item).take(MOST_KEYS + 1);
            items.count() > MOST_KEYS
        };
        let is_crowded = range.len() > MOST_ATTRIBUTES;
        let mut last = None;
        let targets = graph.targets();
        for edge in range {
            let target = NodeId(targets[edge]);
            if paths.via(target) != Via::Reference(EdgeId(edge as u32)) {
                continue;
            }
            let reference = graph.reference_at(node, edge);
            let label = self.label(reference, is_large, is_crowded);
            let path = match last {
                Some((known, path)) if known == label => path,
                _ => self.path(owner, label, reference),
            };
            last = Some((label, path));
            self.count(path, target);
        }
    }

    fn label(&mut self, reference: Reference, is_large: bool, is_crowded: bool) -> Label {
        let of_type = self.graph.type_of(reference.target).0;
        let kind = reference.kind as u8;
        let is_full = self.tree.nodes.len() > MOST_PATHS;
        let (is_large, is_crowded) = (is_large || is_full, is_crowded || is_full);
        let (kind, name) = match reference.kind {
            EdgeKind::Item if !is_large && self.is_text(NodeId(reference.name)) => (kind, self.key_name(NodeId(reference.name))),
            EdgeKind::Attribute if is_crowded => (kind | FOLDED, 0),
            EdgeKind::Attribute | EdgeKind::Slot | EdgeKind::Cell | EdgeKind::Local | EdgeKind::Special => (kind, reference.name),
            _ => (kind | FOLDED, 0),
        };
        Label { kind, name, of_type }
    }

    /// Numbers and objects as keys are positions; texts are names.
    fn is_text(&self, key: NodeId) -> bool {
        matches!(self.graph.value(key), Some(Value::Str(..)))
    }

    fn key_name(&mut self, key: NodeId) -> u32 {
        if let Some(&known) = self.names_of_keys.get(&key.0) {
            return known;
        }
        let text = Wording::new(self.graph, Values::Short).key_literal(key);
        let next = self.key_names.len() as u32;
        let name = *self.key_names.entry(text).or_insert(next);
        self.names_of_keys.insert(key.0, name);
        name
    }

    fn path(&mut self, parent: u32, label: Label, reference: Reference) -> u32 {
        let mut above = parent;
        for _ in 0..LOOK_BACK {
            if self.labels[above as usize] == label {
                self.tree.nodes[above as usize].repeats = true;
                return above;
            }
            above = self.tree.nodes[above as usize].parent;
            if above == NO_PATH {
                break;
            }
        }
        if self.tree.nodes[parent as usize].steps >= MOST_STEPS {
            self.tree.nodes[parent as usize].repeats = true;
            return parent;
        }
        if let Some(&known) = self.known.get(&(parent, label)) {
            return known;
        }
        let edge = reference.edge;
        let step = if label.kind & FOLDED == 0 { Step::Named(edge) } else { Step::Folded(edge) };
        self.add(parent, label, step, reference.target)
    }

    fn add(&mut self, parent: u32, label: Label, step: Step, example: NodeId) -> u32 {
        let id = self.tree.nodes.len() as u32;
        let of_type = TypeId(label.of_type);
        let steps = self.tree.nodes.get(parent as usize).map_or(0, |parent| parent.steps + 1);
        self.tree.nodes.push(PathNode { parent, step, of_type, steps, repeats: false, count: 0, size: 0, example });
        self.labels.push(label);
        self.known.insert((parent, label), id);
        id
    }

    fn count(&mut self, path: u32, node: NodeId) {
        self.tree.path_of[node.index()] = path;
        let entry = &mut self.tree.nodes[path as usize];
        entry.count += 1;
        entry.size = entry.size.saturating_add(self.graph.size(node));
        entry.example = entry.example.min(node);
    }
}

/// What a root is called, without the line that a frame runs just now.
pub(crate) fn root_name(graph: &HeapGraph, node: NodeId) -> String {
    match graph.root(node) {
        Some(root) if root.kind == RootKind::Frame => {
            let name = graph.text(root.name);
            let function = name.rsplit_once(':').map_or(name, |(function, _)| function);
            format!("frame {function} {}", graph.text(root.thread))
        }
        Some(root) => format!("{} {}", root.kind.word(), graph.text(root.name)),
        None => match graph.external(node) {
            None => "immortal".to_owned(),
            Some(0) => "refroots".to_owned(),
            Some(_) => format!("outside {}", graph.places(node).next().unwrap_or_default()),
        },
    }
}

impl PathTree {
    /// The path of an object; `None` for garbage.
    pub(crate) fn path_of(&self, node: NodeId) -> Option<u32> {
        Some(self.path_of[node.index()]).filter(|&path| path != NO_PATH)
    }

    /// A path and those before it, up to the root.
    pub(crate) fn up(&self, path: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(path), |&path| Some(self.nodes[path as usize].parent).filter(|&parent| parent != NO_PATH))
    }

    /// How many different paths there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no chain leads to anything.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

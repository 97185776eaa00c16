//! Leak suspects: where many objects of one kind accumulate below one holder, or one object keeps much of
//! the heap, in the manner of Eclipse MAT.
//!
//! A holder is suspected when it alone keeps at least [`SHARE`] of the heap's bytes and its many children
//! of one type keep that much together. Namespaces of modules and classes hold what programs are made of:
//! there only objects of classes count that a program makes many of.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::query::chain::Chain;
use crate::query::dominator_tree::{DominatorTree, accumulation_point, heaviest_children};
use crate::query::dominators::{Dominator, Dominators};
use crate::query::reasons::Reasons;
use crate::wording::{bytes, grouped};
use crate::{Error, HeapGraph, NodeFlags, NodeId, TypeId, Values, Wording};

/// Part of the heap's bytes that accumulated objects must keep to be suspected. Six leaking programs keep 39 %
/// and more that way, healthy applications (Django, Flask, asyncio) 9 % and less.
pub const SHARE: f64 = 0.1;
/// The same for one object that keeps much without many children of a kind.
pub const SHARE_OF_ONE: f64 = 0.2;
/// Objects of one type that are many.
const MANY: u64 = 20;
/// Suspects that are told.
const MOST: usize = 10;

/// One suspect.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// What is suspected, in one plain sentence.
    pub text: String,
    /// The part of the heap's bytes that it keeps, from 0 to 1.
    pub share: f64,
    /// The bytes that would be freed with it.
    pub retained: u64,
    /// How many objects accumulate; 1 where one object keeps it all.
    pub count: u64,
    /// The whole name of their type: where they are of a built-in type, the class of the program that they hold
    /// most of, if there is one.
    pub type_name: String,
    /// The object at which they accumulate; `None` where several hold them together.
    pub holder: Option<NodeId>,
    /// Why the holder is alive, or one of them where there is none.
    pub chain: Chain,
}

/// Objects of one type below one dominator.
struct Group {
    /// The dominator: `None` for the virtual root and threads.
    holder: Option<NodeId>,
    of_type: TypeId,
    members: Vec<NodeId>,
    retained: u64,
}

/// Classes that are no built-in types, of what some objects keep: how many, and what those retain.
type Classes = Vec<(TypeId, u64, u64)>;
/// Suspects of one kind, with the classes below each.
type Found<T> = Vec<(T, Classes)>;

/// Finds suspects, those that keep most first. None is an answer: nothing stands out. `reasons` is asked for
/// when all else is done and given back, so that the columns of both never stand side by side. O(objects), and 12
/// bytes an object beyond dominators.
///
/// # Errors
/// Those of `reasons`.
pub fn suspects<'a>(
    graph: &HeapGraph,
    dominators: &Dominators,
    reasons: impl FnOnce() -> Result<&'a Reasons, Error>,
    values: Values,
) -> Result<Vec<Suspect>, Error> {
    let total = dominators.total(graph);
    let (groups, ones) = found(graph, dominators, total);
    let telling = Telling { graph, dominators, reasons: reasons()?, values, total };
    let mut suspects: Vec<Suspect> = groups.iter().map(|(group, below)| telling.group(group, below)).collect();
    suspects.extend(ones.iter().map(|(node, below)| telling.one(*node, below)));
    suspects.sort_by_key(|suspect| (std::cmp::Reverse(suspect.retained), suspect.holder));
    suspects.truncate(MOST);
    Ok(suspects)
}

/// The groups, and the objects that keep much without one, each with the classes below.
fn found(graph: &HeapGraph, dominators: &Dominators, total: u64) -> (Found<Group>, Found<NodeId>) {
    let tree = DominatorTree::new(dominators);
    let least = |share: f64| ((total as f64 * share) as u64).max(1);
    let groups = groups(graph, dominators, &tree, least(SHARE));
    let heaviest = heaviest_children(graph, dominators);
    let mut ones = Vec::new();
    let is_heavy = |node: NodeId| dominators.retained(node) >= least(SHARE_OF_ONE);
    for node in graph.node_ids().filter(|&node| dominators.parent(node).is_none() && is_heavy(node)) {
        let point = accumulation_point(graph, dominators, &heaviest, node);
        let is_known = groups.iter().any(|group| group.holder.is_some_and(|holder| is_near(dominators, holder, point)));
        if graph.is_shown(point) && is_heavy(point) && !is_known && !is_definition(graph, dominators, point) {
            ones.push(point);
        }
    }
    let of_group = |group: Group| {
        let below = classes_below(graph, dominators, &tree, &group.members);
        (group, below)
    };
    let of_one = |node: NodeId| {
        let children: Vec<NodeId> = tree.children(node).iter().map(|&child| NodeId(child)).collect();
        (node, classes_below(graph, dominators, &tree, &children))
    };
    (groups.into_iter().map(of_group).collect(), ones.into_iter().map(of_one).collect())
}

/// The largest group of each heavy dominator, where it is large and many enough.
fn groups(graph: &HeapGraph, dominators: &Dominators, tree: &DominatorTree, least: u64) -> Vec<Group> {
    let mut groups: HashMap<(Option<NodeId>, TypeId), Group, FxBuildHasher> = HashMap::default();
    let mut definitions: HashMap<NodeId, bool, FxBuildHasher> = HashMap::default();
    for node in graph.node_ids().filter(|&node| graph.is_shown(node)) {
        let holder = match dominators.dominator(node) {
            Dominator::Object(holder) if dominators.retained(holder) < least => continue,
            // Each link of a long list keeps much, and one child: no group, and no room for one.
            Dominator::Object(holder) if (tree.children(holder).len() as u64) < MANY => continue,
            Dominator::Object(holder) => Some(holder),
            Dominator::Thread(_) => None,
            Dominator::Root if graph.root(node).is_some() || graph.external(node) != Some(0) => continue,
            Dominator::Root => None,
        };
        let is_definition = match holder {
            Some(holder) => *definitions.entry(holder).or_insert_with(|| is_definition(graph, dominators, holder)),
            None => true,
        };
        let of_type = graph.type_of(node);
        if is_definition && (graph.definition(node).is_some() || graph.type_module(of_type) == "builtins") {
            continue;
        }
        let group =
            groups.entry((holder, of_type)).or_insert_with(|| Group { holder, of_type, members: Vec::new(), retained: 0 });
        group.members.push(node);
        group.retained = group.retained.saturating_add(dominators.retained(node));
    }
    let mut found: Vec<Group> = groups.into_values().filter(|group| is_large(dominators, group, least)).collect();
    found.sort_by_key(|group| (group.holder, std::cmp::Reverse(group.retained), group.of_type));
    // Of one holder's groups the largest speaks for it; what several hold together has no such place.
    found.dedup_by(|later, first| later.holder.is_some() && later.holder == first.holder);
    found
}

/// Whether a group keeps enough, by many members of which none is most of it.
fn is_large(dominators: &Dominators, group: &Group, least: u64) -> bool {
    let largest = group.members.iter().map(|&node| dominators.retained(node)).max().unwrap_or_default();
    group.members.len() as u64 >= MANY && group.retained >= least && largest <= group.retained / 2
}

/// Whether an object is part of what a program is made of: a module, a class, code, or a namespace of one.
fn is_definition(graph: &HeapGraph, dominators: &Dominators, node: NodeId) -> bool {
    let is_namespace = graph.flags(node).contains(NodeFlags::NAMESPACE);
    graph.definition(node).is_some()
        || graph.flags(node).contains(NodeFlags::SYNTHETIC)
        || is_namespace && dominators.parent(node).is_none_or(|owner| graph.definition(owner).is_some())
}

/// Whether one of two is the other, or is below it and keeps nearly as much.
fn is_near(dominators: &Dominators, one: NodeId, other: NodeId) -> bool {
    let (mut low, high) = if dominators.retained(one) <= dominators.retained(other) { (one, other) } else { (other, one) };
    let nearly = dominators.retained(high) / 2;
    loop {
        if low == high {
            return true;
        }
        match dominators.parent(low) {
            Some(above) if dominators.retained(low) >= nearly && dominators.retained(above) <= dominators.retained(high) => {
                low = above
            }
            _ => return false,
        }
    }
}

struct Telling<'a> {
    graph: &'a HeapGraph,
    dominators: &'a Dominators,
    reasons: &'a Reasons,
    values: Values,
    total: u64,
}

impl Telling<'_> {
    fn group(&self, group: &Group, below: &Classes) -> Suspect {
        let graph = self.graph;
        let count = group.members.len() as u64;
        let type_name = graph.type_name(group.of_type);
        let retained = group.holder.map_or(group.retained, |holder| self.dominators.retained(holder));
        let is_builtin = graph.type_module(group.of_type) == "builtins";
        let inside = below.iter().filter(|(of_type, _, _)| *of_type != group.of_type);
        let inside: Vec<String> =
            inside.take(2).map(|&(of_type, count, _)| format!("{} {}", grouped(count), graph.type_name(of_type))).collect();
        let holding = if inside.is_empty() { String::new() } else { format!(" (they keep {})", inside.join(" and ")) };
        let numbers = self.numbers(retained);
        let (text, chain) = match group.holder {
            Some(holder) => {
                let chain = self.reasons.chain(graph, holder);
                let place = chain.path(graph, self.values);
                let holder_words = format!("{} #{}", graph.type_name(graph.type_of(holder)), holder.0);
                (format!("{} {type_name}{holding} accumulate in {holder_words}, {place}: {numbers}", grouped(count)), chain)
            }
            None => {
                let ways = self.reasons.group(graph, &group.members, self.values);
                let most = &ways[0];
                let part = if most.count == count { "all" } else { "most" };
                let words = format!(
                    "{} {type_name}{holding} accumulate below several holders, {part} through {}: {numbers}",
                    grouped(count),
                    most.signature
                );
                (words, most.chain.clone())
            }
        };
        let told = below.first().filter(|_| is_builtin).map(|&(of_type, _, _)| graph.type_name(of_type));
        Suspect {
            text,
            share: self.share(retained),
            retained,
            count,
            type_name: told.unwrap_or(type_name),
            holder: group.holder,
            chain,
        }
    }

    fn one(&self, node: NodeId, below: &Classes) -> Suspect {
        let graph = self.graph;
        let type_name = graph.type_name(graph.type_of(node));
        let retained = self.dominators.retained(node);
        let chain = self.reasons.chain(graph, node);
        let inside: Vec<String> =
            below.iter().take(2).map(|&(of_type, count, _)| format!("{} {}", grouped(count), graph.type_name(of_type))).collect();
        let holding = if inside.is_empty() { String::new() } else { format!(", with {}", inside.join(" and ")) };
        let place = chain.path(graph, self.values);
        let words = Wording::new(graph, self.values).node(node);
        let words = if words.is_empty() { words } else { format!(" ({words})") };
        let text = format!("one {type_name} #{}{words}, {place}, keeps {}{holding}", node.0, self.numbers(retained));
        Suspect { text, share: self.share(retained), retained, count: 1, type_name, holder: Some(node), chain }
    }

    fn share(&self, retained: u64) -> f64 {
        retained as f64 / self.total.max(1) as f64
    }

    fn numbers(&self, retained: u64) -> String {
        format!("{}, {:.0} % of the heap", bytes(retained), self.share(retained) * 100.0)
    }
}

/// Classes that are no built-in types, of the objects that these keep, with how many and what those retain
/// (below one another counted once); those that retain most first.
fn classes_below(graph: &HeapGraph, dominators: &Dominators, tree: &DominatorTree, tops: &[NodeId]) -> Classes {
    const LEAVE: u32 = 1 << 31;
    let mut sums = vec![(0_u64, 0_u64, 0_u32); graph.type_count()];
    let mut waiting: Vec<u32> = tops.iter().map(|node| node.0).collect();
    while let Some(id) = waiting.pop() {
        let node = NodeId(id & !LEAVE);
        let sum = &mut sums[graph.type_of(node).index()];
        if id & LEAVE != 0 {
            sum.2 -= 1;
            continue;
        }
        sum.0 += 1;
        if sum.2 == 0 {
            sum.1 = sum.1.saturating_add(dominators.retained(node));
        }
        let children = tree.children(node);
        if !children.is_empty() {
            sum.2 += 1;
            waiting.push(id | LEAVE);
            waiting.extend(children);
        }
    }
    let is_class = |id: &TypeId| graph.type_module(*id) != "builtins";
    let mut classes: Classes = graph
        .type_ids()
        .filter(is_class)
        .map(|id| (id, sums[id.index()].0, sums[id.index()].1))
        .filter(|&(_, count, _)| count > 0)
        .collect();
    classes.sort_by_key(|&(id, count, retained)| (std::cmp::Reverse(retained), std::cmp::Reverse(count), id));
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::dominators::dominators;
    use crate::sketch;

    fn ask(text: &str) -> Vec<Suspect> {
        let graph = sketch::parse(text).unwrap();
        let (dominators, reasons) = (dominators(&graph).unwrap(), Reasons::of(&graph).unwrap());
        suspects(&graph, &dominators, || Ok(&reasons), Values::Short).unwrap()
    }

    const PROGRAM: &str = "app: module 'app' root size=1000
        app -> names .__dict__
        names: dict namespace
        names -> all .LISTENERS
        all: list
        other: module 'other' root
        rest: list size=100000 external=1
        ";

    #[test]
    fn many_of_a_kind_below_one_holder_are_suspected() {
        let mut text = PROGRAM.to_owned();
        for i in 0..100 {
            text += &format!("all -> m{i} [{i}]\nm{i}: method size=64\nm{i} -> p{i} .__self__\np{i}: app.Panel size=1000\n");
        }
        let found = ask(&text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].text.starts_with("one list #"), "{}", found[1].text);
        let suspect = &found[0];
        assert_eq!(
            suspect.text,
            "100 method (they keep 100 app.Panel) accumulate in list #2, app.LISTENERS: 104 KiB, 51 % of the heap"
        );
        assert_eq!((suspect.type_name.as_str(), suspect.count, suspect.holder), ("app.Panel", 100, Some(NodeId(2))));
    }

    #[test]
    fn what_several_hold_together_has_its_main_way() {
        let mut text = PROGRAM.replace("size=100000", "size=1000");
        for i in 0..100 {
            text += &format!("all -> p{i} [{i}]\nother -> p{i}\np{i}: app.Panel size=1000\n");
        }
        let found = ask(&text);
        assert_eq!(found.len(), 1);
        assert!(found[0].text.contains("accumulate below several holders"), "{}", found[0].text);
        assert_eq!(found[0].holder, None);
    }

    #[test]
    fn a_program_of_functions_and_tables_is_no_suspect() {
        let mut text = PROGRAM.replace("size=100000", "size=1000");
        for i in 0..100 {
            text +=
                &format!("names -> f{i} .f{i}\nf{i}: function 'app.f{i}' size=1000\nnames -> d{i} .d{i}\nd{i}: dict size=1000\n");
        }
        assert!(ask(&text).is_empty());
    }

    #[test]
    fn a_linked_list_is_suspected_at_its_head() {
        let mut text = PROGRAM.replace("size=100000", "size=1000") + "names -> n0 .HEAD\n";
        for i in 0..1000 {
            text += &format!("n{i}: app.Node size=100\nn{i} -> n{} .next\n", i + 1);
        }
        let found = ask(&(text + "n1000: app.Node"));
        assert_eq!(found.len(), 1);
        assert!(found[0].text.contains("app.HEAD"), "{}", found[0].text);
    }
}

//! Which objects are drawn as one: those that are alike in type, place and structure, so that a picture stays small.
//!
//! Partition refinement (Paige and Tarjan, *Three partition refinement algorithms*, 1987, in its plain form): the
//! classes begin as the types of each distance, and each round divides those whose members are tied to different
//! classes, or in different ways. Rounds go on as long as the picture stays small enough.

use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::gather::{Gathered, Link};
use crate::{EdgeKind, HeapGraph};

/// Objects alike that are drawn each, where there is room.
const FEW: u32 = 4;

/// The classes of places.
pub(super) struct Classes {
    /// The class of each place; classes are numbered by their first members.
    pub(super) of: Vec<u32>,
    /// Which classes are drawn.
    pub(super) is_drawn: Vec<bool>,
}

impl Classes {
    /// Each place by itself.
    pub(super) fn single(places: usize) -> Self {
        Self { of: (0..places as u32).collect(), is_drawn: vec![true; places] }
    }
}

/// Folds what was gathered into at most `most` classes. `is_alone` says of a place that it is drawn by itself; such
/// places are never left out. O(links × log links) a round, and at most twice as many rounds as levels.
pub(super) fn fold(graph: &HeapGraph, gathered: &Gathered, most: usize, is_alone: impl Fn(u32) -> bool) -> Classes {
    let places = gathered.nodes.len();
    let alone: Vec<bool> = (0..places as u32).map(is_alone).collect();
    let ties = Ties::of(graph, gathered);
    let first = |place: usize| {
        let node = gathered.nodes[place];
        let alone = alone[place].then_some(place);
        hashed(&(gathered.depths[place], graph.type_of(node), graph.root(node).map(|root| root.kind), alone))
    };
    let mut classes = numbered((0..places).map(first));
    while classes.count < most {
        let finer = refine(&classes, &ties, |_| true);
        if finer.count == classes.count {
            break;
        }
        if finer.count <= most {
            classes = finer;
            continue;
        }
        // The whole picture would be too large: as many levels next to the start as there is room for.
        let deepest = gathered.depths.last().copied().unwrap_or(0);
        let part = (0..deepest).rev().map(|level| refine(&classes, &ties, |place| gathered.depths[place] <= level));
        match part.into_iter().find(|part| part.count <= most) {
            Some(part) if part.count > classes.count => classes = part,
            _ => break,
        }
    }
    let is_drawn = drawn(gathered, &classes, &alone, most);
    unfold_few(classes, is_drawn, most)
}

struct Partition {
    of: Vec<u32>,
    count: usize,
}

/// Numbers keys in the order in which they come first.
fn numbered(keys: impl Iterator<Item = u64>) -> Partition {
    let mut numbers: HashMap<u64, u32, FxBuildHasher> = HashMap::default();
    let of = keys
        .map(|key| {
            let next = numbers.len() as u32;
            *numbers.entry(key).or_insert(next)
        })
        .collect();
    Partition { of, count: numbers.len() }
}

/// Divides classes by what their members are tied to; only of the places that are asked for.
fn refine(classes: &Partition, ties: &Ties, is_divided: impl Fn(usize) -> bool) -> Partition {
    let mut tied: Vec<u64> = Vec::new();
    numbered((0..classes.of.len()).map(|place| {
        tied.clear();
        if is_divided(place) {
            tied.extend(ties.of_place(place).iter().map(|&(role, other)| hashed(&(role, classes.of[other as usize]))));
            tied.sort_unstable();
            tied.dedup();
        }
        hashed(&(classes.of[place], &tied))
    }))
}

/// What each place is tied to and how, both ways.
struct Ties {
    starts: Vec<u32>,
    ties: Vec<(u64, u32)>,
}

impl Ties {
    fn of(graph: &HeapGraph, gathered: &Gathered) -> Self {
        let mut all: Vec<(u32, u64, u32)> = Vec::with_capacity(gathered.links.len() * 2);
        for link in &gathered.links {
            let role = role(graph, link);
            all.push((link.source, role, link.target));
            all.push((link.target, !role, link.source));
        }
        all.sort_unstable();
        all.dedup();
        let mut starts = vec![0_u32; gathered.nodes.len() + 1];
        for &(place, ..) in &all {
            starts[place as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        Self { starts, ties: all.into_iter().map(|(_, role, other)| (role, other)).collect() }
    }

    fn of_place(&self, place: usize) -> &[(u64, u32)] {
        &self.ties[self.starts[place] as usize..self.starts[place + 1] as usize]
    }
}

/// The role that a reference plays: its kind, and its name where that is a name in the program and no key or position.
fn role(graph: &HeapGraph, link: &Link) -> u64 {
    let Some(reference) = link.reference else { return hashed(&"weak") };
    let name = match reference.kind {
        EdgeKind::Unnamed | EdgeKind::Key | EdgeKind::Member | EdgeKind::Item | EdgeKind::Index | EdgeKind::Constant => None,
        EdgeKind::Attribute | EdgeKind::Slot | EdgeKind::Special | EdgeKind::Local | EdgeKind::Cell => reference.text(graph),
    };
    hashed(&(reference.kind, name))
}

/// The same in every process.
fn hashed(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Which classes are drawn: those next to the start first, of a level those of most objects, and none that would hang
/// on nothing.
fn drawn(gathered: &Gathered, classes: &Partition, alone: &[bool], most: usize) -> Vec<bool> {
    if classes.count <= most {
        return vec![true; classes.count];
    }
    let mut members = vec![0_u64; classes.count];
    let mut depth = vec![0_u32; classes.count];
    let mut is_fixed = vec![false; classes.count];
    for (place, &class) in classes.of.iter().enumerate() {
        members[class as usize] += 1;
        depth[class as usize] = gathered.depths[place];
        is_fixed[class as usize] |= alone[place];
    }
    let mut order: Vec<usize> = (0..classes.count).collect();
    order.sort_by_key(|&class| (!is_fixed[class], depth[class], std::cmp::Reverse(members[class]), class));
    let mut is_drawn = vec![false; classes.count];
    for (at, &class) in order.iter().enumerate() {
        is_drawn[class] = at < most || is_fixed[class];
    }
    // Links lead from level to level, so one look at each, level by level, finds what hangs on something.
    let mut hangs = is_fixed.clone();
    let mut links: Vec<(u32, u32, u32)> = (gathered.links.iter())
        .map(|link| {
            let (a, b) = (classes.of[link.source as usize], classes.of[link.target as usize]);
            let (near, far) = if depth[a as usize] <= depth[b as usize] { (a, b) } else { (b, a) };
            (depth[near as usize], near, far)
        })
        .collect();
    links.sort_unstable();
    links.dedup();
    for (_, near, far) in links {
        if depth[near as usize] < depth[far as usize] && is_drawn[near as usize] && hangs[near as usize] {
            hangs[far as usize] = true;
        }
    }
    is_drawn.iter().zip(hangs).map(|(&is_drawn, hangs)| is_drawn && hangs).collect()
}

/// Draws each member of classes that are small, while there is room.
fn unfold_few(classes: Partition, is_drawn: Vec<bool>, most: usize) -> Classes {
    let mut members = vec![0_u32; classes.count];
    for &class in &classes.of {
        members[class as usize] += 1;
    }
    let mut count = is_drawn.iter().filter(|drawn| **drawn).count();
    let mut is_unfolded = vec![false; classes.count];
    for (class, &members) in members.iter().enumerate() {
        let more = members as usize - 1;
        if is_drawn[class] && (1..=FEW).contains(&members) && count + more <= most {
            is_unfolded[class] = true;
            count += more;
        }
    }
    let key = |(place, &class): (usize, &u32)| hashed(&(class, is_unfolded[class as usize].then_some(place)));
    let unfolded = numbered(classes.of.iter().enumerate().map(key));
    let mut drawn = vec![false; unfolded.count];
    for (&new, &old) in unfolded.of.iter().zip(&classes.of) {
        drawn[new as usize] = is_drawn[old as usize];
    }
    Classes { of: unfolded.of, is_drawn: drawn }
}

//! Questions to a graph, one idea a file; none recurses, none is quadratic in the heap.

mod anchors;
pub mod chain;
pub mod components;
mod container_sizes;
pub mod cycles;
mod definitions;
pub mod diff;
mod dominator_tree;
pub mod dominators;
pub mod duplicates;
pub mod familiar;
pub mod grew;
pub mod held;
pub mod histogram;
pub mod holder;
pub mod largest;
pub mod neighbourhood;
pub mod path_tree;
pub mod paths;
pub mod reach;
pub mod reasons;
pub mod select;
pub mod shortest;
pub mod suspects;
mod unmeant;
pub mod waste;
pub mod ways_view;

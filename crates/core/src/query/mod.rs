//! Questions to a graph, one idea a file; none recurses, none is quadratic in the heap.

mod anchors;
mod dominator_tree;
pub mod dominators;
pub mod histogram;
pub mod neighbourhood;
pub mod paths;
pub mod reach;
pub mod select;

//! The object graph of a CPython process, and everything that can be computed on it.
//!
//! The primary type is [`HeapGraph`]: nodes are objects, edges are named references, both
//! directions are stored in plain columns. A [`HeapGraphBuilder`] makes one; the modules under
//! [`query`] ask it questions; a [`View`] is the small part of it that one picture shows.
//!
//! ```
//! use refroots_core::{query, sketch};
//!
//! let graph = sketch::parse(
//!     "app: module 'app' root
//!      app -> d .__dict__
//!      d: dict namespace
//!      d -> foo .cache
//!      foo: app.Foo",
//! )?;
//! let foo = query::select::find_type(&graph, "Foo")?.nodes[0];
//! let chain = query::paths::why(&graph, foo, &query::paths::WhyOptions::default());
//! assert_eq!(chain.expression(&graph, refroots_core::Values::Short).as_deref(), Some("app.cache"));
//! # Ok::<(), refroots_core::Error>(())
//! ```
//!
//! This crate knows no Python and draws nothing: where a graph came from (a live process, a text
//! in a test) does not matter to it.

mod address_index;
mod builder;
mod error;
mod evidence;
mod exchange;
pub mod export;
mod graph;
mod ids;
mod kind;
mod label;
mod later;
mod narrow;
mod origin;
mod parallel;
pub mod query;
mod referrers;
pub mod sketch;
pub mod snapshot;
mod stages;
mod strings;
mod study;
mod turn_around;
mod utc;
mod value;
mod value_column;
mod view;
mod visit;
mod weak;
mod wording;
mod zeros;

pub use address_index::AddressIndex;
pub use builder::{HeapGraphBuilder, NodeRecord, ReferenceName};
pub use error::Error;
pub use graph::{HeapGraph, Reference, Root};
pub use ids::{EdgeId, NodeId, TextId, TypeId};
pub use kind::{EdgeKind, NodeFlags, RootKind};
pub use origin::{Marks, Origin, Process};
pub use petgraph;
pub use stages::{Stage, Stages};
pub use study::Study;
pub use utc::utc;
pub use value::{Value, Values};
pub use view::{Question, ReferenceCounts, View, ViewEdge, ViewNode, ViewRoot};
pub use wording::{Wording, bytes, grouped, quote};

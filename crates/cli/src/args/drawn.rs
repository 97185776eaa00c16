//! Arguments that say what is around an object in a picture, and what the picture says of it.

use clap::Args;

use super::shared::{EngineName, at_least_one};
use crate::Look;

/// How far a picture goes, and what is drawn as one.
#[derive(Args)]
pub(super) struct AroundArgs {
    /// How many steps of references to follow
    #[arg(long, value_name = "N", default_value_t = Look::DEPTH, value_parser = at_least_one::<u32>, allow_hyphen_values = true)]
    depth: u32,

    /// How many neighbours of one object to show (all, or 10 with --no-fold; functions that use a module as their
    /// globals are only counted)
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>, allow_hyphen_values = true)]
    too_many: Option<usize>,

    /// Draw every object by itself; otherwise those alike in type, place and structure are one box with their
    /// number, and an object's __dict__ is one with it: some sixty boxes, however many objects there are
    #[arg(long)]
    no_fold: bool,

    /// Draw weak references too, as dotted lines: they keep nothing alive
    #[arg(long)]
    weak: bool,
}

/// What a picture says beside its objects and references.
#[derive(Args)]
pub(super) struct SaidArgs {
    /// Leave out the legend, which explains the signs that a picture uses
    #[arg(long)]
    no_legend: bool,

    /// Say in each box of a picture what its objects take and what they keep: the bytes that would be freed
    /// with them. Those of the largest objects always do
    #[arg(long)]
    sizes: bool,

    /// Say in a picture from which process, Python and moment it is
    #[arg(long)]
    stamp: bool,

    /// Say in each box of a picture at which address its object stood, as id() says it; an .html page finds objects by it
    #[arg(long)]
    addresses: bool,

    /// What decides where boxes and arrows of a picture go
    #[arg(long, value_name = "ENGINE", default_value = "builtin")]
    engine: EngineName,
}

impl SaidArgs {
    pub(super) fn apply(self, look: Look) -> Look {
        Look {
            legend: !self.no_legend,
            sizes: self.sizes,
            stamp: self.stamp,
            addresses: self.addresses,
            engine: self.engine.into(),
            ..look
        }
    }
}

impl AroundArgs {
    pub(super) fn apply(self, look: Look) -> Look {
        let folds = !self.no_fold;
        Look { depth: self.depth, too_many: Look::too_many(self.too_many, folds), folds, weak: self.weak, ..look }
    }
}

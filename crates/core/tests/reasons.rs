//! Shortest chains to all objects at once against one search for each, and groups against their members.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod random;

use proptest::prelude::*;
use random::{build, graphs};
use refroots_core::query::paths::{WhyOptions, why};
use refroots_core::query::reasons::Reasons;
use refroots_core::query::shortest::shortest_paths;
use refroots_core::{NodeId, RootKind, Values};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn chains_are_as_long_as_those_of_single_searches(plain in graphs()) {
        let graph = build(&plain);
        let paths = shortest_paths(&graph).unwrap();
        let reasons = Reasons::of(&graph).unwrap();
        let shown: Vec<NodeId> = graph.node_ids().filter(|&node| graph.is_shown(node)).collect();
        for &node in &shown {
            let single = why(&graph, node, &WhyOptions::default());
            let found = paths.chain(&graph, node);
            prop_assert_eq!(found.is_none(), single.root == RootKind::Garbage);
            let Some(found) = found else { continue };
            // What is held outside and what nothing frees are tiers of their own here.
            if single.root != RootKind::External {
                prop_assert_eq!(found.len(), single.references.len());
            }
            for pair in found.windows(2) {
                prop_assert_eq!(pair[0].target, pair[1].source);
            }
            prop_assert!(found.last().is_none_or(|last| last.target == node));
            let chain = reasons.chain(&graph, node);
            prop_assert_eq!(chain.root == RootKind::External, single.root == RootKind::External);
        }
        let groups = reasons.group(&graph, &shown, Values::Short);
        prop_assert_eq!(groups.iter().map(|group| group.count).sum::<u64>(), shown.len() as u64);
        prop_assert!(groups.windows(2).all(|pair| pair[0].count >= pair[1].count));
    }
}

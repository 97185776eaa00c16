//! From an address to its node in a finished graph: nodes counted into small stretches of memory.

use crate::{HeapGraph, NodeId};

/// Bits of an address inside a stretch: 256 bytes, which few objects begin in.
const STRETCH_BITS: u32 = 8;
/// Bits that say which stretch of its page (4 KiB) it is.
const IN_PAGE_BITS: u32 = 4;
/// Nodes from which on a bucket is searched in order. No capture makes one; a file may have any addresses.
const LARGE: usize = 64;
/// 2⁶⁴ divided by the golden ratio, for multiplicative hashing (Knuth, TAOCP 3, 6.4).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Where the nodes of a graph stand, by their addresses.
///
/// Stretches are buckets of a hash table: pages are spread, the stretches of a page stay side by side, so
/// that what was allocated together is found together. 5 to 6 bytes an object; made in O(objects) by a
/// counting sort.
#[derive(Clone, Debug)]
pub struct AddressIndex {
    shift: u32,
    /// Where the nodes of each bucket begin.
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

impl AddressIndex {
    /// Counts the nodes of a graph into their buckets.
    pub fn new(graph: &HeapGraph) -> Self {
        let (count, addresses) = (graph.node_count(), graph.addresses());
        let bits = (count / 4).max(1 << IN_PAGE_BITS).next_power_of_two().ilog2();
        let mut index = Self { shift: 64 - (bits - IN_PAGE_BITS), starts: vec![0; (1 << bits) + 1], nodes: vec![0; count] };
        for &address in addresses {
            let bucket = index.bucket(address);
            index.starts[bucket] += 1;
        }
        let mut sum = 0;
        for start in &mut index.starts {
            sum += *start;
            *start = sum;
        }
        // Placed from the last to the first, so that each start comes to stand where its bucket begins.
        for (node, &address) in addresses.iter().enumerate().rev() {
            let bucket = index.bucket(address);
            index.starts[bucket] -= 1;
            index.nodes[index.starts[bucket] as usize] = node as u32;
        }
        for bucket in index.starts.windows(2).filter(|bucket| (bucket[1] - bucket[0]) as usize > LARGE) {
            let nodes = &mut index.nodes[bucket[0] as usize..bucket[1] as usize];
            nodes.sort_unstable_by_key(|&node| (addresses[node as usize], node));
        }
        index
    }

    #[inline]
    fn bucket(&self, address: u64) -> usize {
        let page = address >> (STRETCH_BITS + IN_PAGE_BITS);
        let spread = page.wrapping_mul(GOLDEN).checked_shr(self.shift).unwrap_or(0) as usize;
        spread << IN_PAGE_BITS | (address >> STRETCH_BITS) as usize & ((1 << IN_PAGE_BITS) - 1)
    }

    /// The node at an address of `graph`, which must be the one that the index was made of; the first, should there
    /// be several. O(1): a bucket has as many nodes as stretches of 256 bytes that share it, four in the mean.
    #[inline]
    pub fn find(&self, graph: &HeapGraph, address: u64) -> Option<NodeId> {
        let bucket = self.bucket(address);
        let nodes = &self.nodes[self.starts[bucket] as usize..self.starts[bucket + 1] as usize];
        if nodes.len() > LARGE {
            let at = nodes.partition_point(|&node| graph.address(NodeId(node)) < address);
            return nodes.get(at).map(|&node| NodeId(node)).filter(|&node| graph.address(node) == address);
        }
        nodes.iter().map(|&node| NodeId(node)).find(|&node| graph.address(node) == address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeapGraphBuilder, NodeFlags, NodeRecord};

    fn graph_at(addresses: &[u64]) -> HeapGraph {
        let mut builder = HeapGraphBuilder::default();
        let name = builder.intern("Node");
        let type_id = builder.add_type(name, name);
        for &address in addresses {
            builder.discover(address);
        }
        for _ in addresses {
            builder.describe(NodeRecord { type_id, size: 16, refcount: Some(0), flags: NodeFlags::default() });
        }
        builder.finish().unwrap()
    }

    #[test]
    fn addresses_that_no_capture_gives_are_found_as_fast() {
        // A million nodes at one address, and a thousand in one stretch.
        let addresses: Vec<u64> = (0..1_000_000).map(|at| if at < 1000 { 4096 + at % 250 } else { 64 }).rev().collect();
        let graph = graph_at(&addresses);
        let index = AddressIndex::new(&graph);
        for address in 4096..4346 {
            let first = addresses.iter().position(|&other| other == address).map(NodeId::at);
            assert_eq!(index.find(&graph, address), first);
        }
        assert!((0..100_000).all(|_| index.find(&graph, 64) == Some(NodeId(0))));
        assert_eq!(index.find(&graph, 4351), None);
    }

    #[test]
    fn every_node_is_found_at_its_address_and_nothing_beside_it() {
        for count in [0_u64, 1, 2, 63, 64, 65, 5000] {
            for step in [16, 48, 4096, 1 << 20] {
                let addresses: Vec<u64> = (1..=count).map(|at| 0x7f00_0000_0000 + at * step).rev().collect();
                let graph = graph_at(&addresses);
                let index = AddressIndex::new(&graph);
                for (node, &address) in addresses.iter().enumerate() {
                    assert_eq!(index.find(&graph, address), Some(NodeId(node as u32)));
                    assert_eq!(index.find(&graph, address + 8), None);
                }
                assert_eq!(index.find(&graph, 0x1000), None);
            }
        }
    }
}

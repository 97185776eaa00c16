//! A graph that is not finished, handed from one process to another of the same build: from a forked child
//! to its parent. Not a file format: nothing here is checked against other versions.

use std::io::{self, Read, Write};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::HeapGraphBuilder;

impl HeapGraphBuilder {
    /// Writes everything that was added so far. About 35 bytes an object.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn send(&self, to: &mut impl Write) -> io::Result<()> {
        self.graph.serialize(to)?;
        self.addresses.serialize(to)?;
        self.targets.serialize(to)?;
        self.labels.serialize(to)?;
        self.suspects.serialize(to)
    }

    /// Reads what [`send`](Self::send) wrote; [`finish`](Self::finish) follows.
    ///
    /// # Errors
    /// Those of the reader, and `InvalidData` where it is something else.
    pub fn receive(from: &mut impl Read) -> io::Result<Self> {
        let mut builder = Self::default();
        builder.graph = BorshDeserialize::deserialize_reader(from)?;
        builder.graph.texts.index();
        builder.addresses = BorshDeserialize::deserialize_reader(from)?;
        builder.targets = BorshDeserialize::deserialize_reader(from)?;
        builder.labels = BorshDeserialize::deserialize_reader(from)?;
        builder.suspects = BorshDeserialize::deserialize_reader(from)?;
        Ok(builder)
    }
}

#[cfg(test)]
mod tests {
    use crate::{EdgeKind, NodeId, NodeRecord, ReferenceName, Value};

    use super::*;

    #[test]
    fn what_was_sent_is_received() {
        let mut builder = HeapGraphBuilder::default();
        let (module, name) = (builder.intern("app"), builder.intern("Foo"));
        let of_foo = builder.add_type(module, name);
        for address in [16, 32, 48] {
            builder.discover(address);
        }
        for at in 0..3_u32 {
            let refcount = (at > 0).then_some(at + 300);
            builder.describe(NodeRecord { type_id: of_foo, size: 1 << (20 * at), refcount, flags: Default::default() });
            builder.keep_value(&Value::Int(i128::from(at)));
            builder.refer(NodeId((at + 1) % 3), ReferenceName::Index(u32::MAX - at));
        }
        let mut bytes = Vec::new();
        builder.send(&mut bytes).unwrap();
        let mut received = HeapGraphBuilder::receive(&mut bytes.as_slice()).unwrap();
        assert_eq!(received.intern("Foo"), name, "texts are found again");
        let (sent, received) = (builder.finish().unwrap(), received.finish().unwrap());
        for node in sent.node_ids() {
            assert_eq!(sent.size(node), received.size(node));
            assert_eq!(sent.refcount(node), received.refcount(node));
            assert_eq!(sent.value(node), received.value(node));
            assert_eq!(sent.referrers(node), received.referrers(node));
            let edges = |graph: &crate::HeapGraph| graph.references_from(node).collect::<Vec<_>>();
            assert_eq!(edges(&sent), edges(&received));
            assert_eq!(edges(&sent)[0].kind, EdgeKind::Index);
        }
        assert!(HeapGraphBuilder::receive(&mut &bytes[..bytes.len() / 2]).is_err());
    }
}

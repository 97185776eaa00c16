//! Ids: 32-bit ordinals, each valid only in the graph that gave it.

use borsh::{BorshDeserialize, BorshSerialize};
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name(pub u32);

        impl $name {
            /// The ordinal as an index into a column.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of entry `index`; ids are 32 bits wide, and builders refuse more entries.
            #[inline]
            pub(crate) fn at(index: usize) -> Self {
                Self(index as u32)
            }
        }
    };
}

id! {
    /// One object. Ordinals follow heap order: the order in which capture met the objects.
    NodeId
}
id! {
    /// One reference. References are numbered by referrer, in the order that it holds them.
    EdgeId
}
id! {
    /// One interned text: a name of a type, an attribute, a definition.
    TextId
}
id! {
    /// One type that objects of the graph have.
    TypeId
}

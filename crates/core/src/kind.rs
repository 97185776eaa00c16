//! The kinds of references, of roots, and the flags of nodes.

use borsh::{BorshDeserialize, BorshSerialize};

/// How a referrer holds its referent. The kind says what the reference's name means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EdgeKind {
    /// A reference that `tp_traverse` reports and nothing names.
    #[default]
    Unnamed,
    /// An attribute that user code made: `.x`, out of a namespace dict or of inline values.
    Attribute,
    /// A `__slots__` entry: `.x`.
    Slot,
    /// A value of a dict under its key: `['k']`. The name is the key's node.
    Item,
    /// A key of a dict.
    Key,
    /// An element of a list or a tuple: `[3]`.
    Index,
    /// An element of a set: `[*]`.
    Member,
    /// The contents of a closure's cell, by its variable's name: `<x>`.
    Cell,
    /// A local variable of a running frame: `x`.
    Local,
    /// A field of a built-in type: `.__globals__`, `.__self__`, `.__class__`.
    Special,
    /// A constant of a code object, by its index.
    Constant,
}

impl EdgeKind {
    pub(crate) const ALL: [Self; 11] = [
        Self::Unnamed,
        Self::Attribute,
        Self::Slot,
        Self::Item,
        Self::Key,
        Self::Index,
        Self::Member,
        Self::Cell,
        Self::Local,
        Self::Special,
        Self::Constant,
    ];

    /// The kind's lower-case word, as tables and JSON write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unnamed => "unnamed",
            Self::Attribute => "attribute",
            Self::Slot => "slot",
            Self::Item => "item",
            Self::Key => "key",
            Self::Index => "index",
            Self::Member => "member",
            Self::Cell => "cell",
            Self::Local => "local",
            Self::Special => "special",
            Self::Constant => "constant",
        }
    }
}

/// Why an object is alive without a referrer. The order is the order of preference where several
/// roots are equally near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum RootKind {
    /// A module in `sys.modules`.
    Module,
    /// A running frame of a thread.
    Frame,
    /// State of the interpreter itself, such as the `sys.modules` dict.
    Interpreter,
    /// A type that is compiled into the interpreter or an extension.
    Static,
    /// Held by references that the count shows and the graph cannot see.
    External,
    /// Held by nothing that the graph knows: unreachable garbage.
    Garbage,
}

impl RootKind {
    pub(crate) const ALL: [Self; 6] = [Self::Module, Self::Frame, Self::Interpreter, Self::Static, Self::External, Self::Garbage];

    /// The kind's lower-case word, as `Chain.root.kind` gives it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Frame => "frame",
            Self::Interpreter => "interpreter",
            Self::Static => "static",
            Self::External => "external",
            Self::Garbage => "garbage",
        }
    }
}

/// Facts about a node that fit one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NodeFlags(u8);

impl NodeFlags {
    /// The garbage collector knows the object.
    pub const TRACKED: Self = Self(1);
    /// The object is never freed, and its reference count says nothing.
    pub const IMMORTAL: Self = Self(2);
    /// The object is a type that was not allocated on the heap.
    pub const STATIC: Self = Self(4);
    /// refroots' own object: counted as a referrer, never shown.
    pub const INTERNAL: Self = Self(8);
    /// Not an object: a running frame for which no frame object exists.
    pub const SYNTHETIC: Self = Self(16);
    /// A dict whose keys are names: of an instance, a class, a module.
    pub const NAMESPACE: Self = Self(32);

    /// The flags that a byte stands for; `None` where it has bits that are no flags.
    pub(crate) fn of_byte(byte: u8) -> Option<Self> {
        (byte < 64).then_some(Self(byte))
    }

    pub(crate) fn byte(self) -> u8 {
        self.0
    }

    /// Whether every bit of `other` is set here.
    #[inline]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These flags and those of `other`.
    #[inline]
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

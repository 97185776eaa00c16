//! Names out of the live heap: of attributes by their key strings, of types by what they hold themselves.
#![allow(unsafe_code)]

use refroots_core::{HeapGraphBuilder, TextId, TypeId};
use rustc_hash::FxHashMap;

use super::layout::{Layout, type_field};
use super::raw::{self, Address};

/// A type whose objects are refroots' own lives in a module of this package.
pub(crate) const PACKAGE: &str = "refroots";

/// Whether a module is refroots' own.
pub(crate) fn is_own_module(module: &str) -> bool {
    module.strip_prefix(PACKAGE).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Longest name that is kept.
const NAME_LIMIT: usize = 400;

/// Name lookups that remember what they have read.
pub(crate) struct NameCache {
    texts: FxHashMap<Address, TextId>,
    types: FxHashMap<Address, (TypeId, bool)>,
    str_type: Address,
}

impl NameCache {
    pub(crate) fn new(str_type: Address) -> Self {
        Self { texts: FxHashMap::default(), types: FxHashMap::default(), str_type }
    }
}

/// [`NameCache`] with what it reads from and writes to.
pub(crate) struct Names<'a> {
    pub(crate) cache: &'a mut NameCache,
    pub(crate) layout: &'a Layout,
    pub(crate) builder: &'a mut HeapGraphBuilder,
}

impl Names<'_> {
    pub(crate) fn intern(&mut self, text: &str) -> TextId {
        self.builder.intern(text)
    }

    /// The text of an exact `str`; `None` for any other object.
    ///
    /// # Safety
    /// `object` must be a live object.
    pub(crate) unsafe fn text_of(&mut self, object: Address) -> Option<TextId> {
        if let Some(&known) = self.cache.texts.get(&object) {
            return Some(known);
        }
        // SAFETY: the caller's promise; only an exact str is read as one.
        let text = unsafe {
            if raw::type_of(object) != self.cache.str_type {
                return None;
            }
            self.layout.text(object, NAME_LIMIT).0
        };
        let id = self.builder.intern(&text);
        self.cache.texts.insert(object, id);
        Some(id)
    }

    /// The type's id, and whether it is refroots' own.
    ///
    /// # Safety
    /// `type_object` must be a live type with these flags.
    pub(crate) unsafe fn type_named(&mut self, type_object: Address, flags: usize) -> (TypeId, bool) {
        if let Some(&known) = self.cache.types.get(&type_object) {
            return known;
        }
        // SAFETY: the caller's promise.
        let (module, qualname) =
            unsafe { if flags & raw::HEAP_TYPE == 0 { self.static_name(type_object) } else { self.class_name(type_object) } };
        let is_own = is_own_module(self.builder.text(module));
        let id = self.builder.add_type(module, qualname);
        self.cache.types.insert(type_object, (id, is_own));
        (id, is_own)
    }

    /// `module.Name` of `tp_name`; a name without a dot is built in.
    ///
    /// # Safety
    /// `type_object` must be a live type.
    unsafe fn static_name(&mut self, type_object: Address) -> (TextId, TextId) {
        // SAFETY: `tp_name` lives as long as the type.
        let name = unsafe { raw::c_string(type_object, type_field::NAME) };
        let (module, name) = name.rsplit_once('.').unwrap_or(("builtins", name));
        (self.intern(module), self.intern(name))
    }

    /// What the class itself holds: `ht_qualname`, and `__module__` of its dict. A metaclass that
    /// computes other names is not asked, for that would run its code.
    ///
    /// # Safety
    /// `type_object` must be a live heap type.
    unsafe fn class_name(&mut self, type_object: Address) -> (TextId, TextId) {
        // SAFETY:
        // - `ht_qualname` and `tp_dict` are owned by the type; both are checked for NULL;
        // - `text_of` reads exact strings only.
        unsafe {
            let qualname = raw::word(type_object, self.layout.ht_qualname);
            let qualname = if qualname == 0 { None } else { self.text_of(qualname) };
            let dict = raw::word(type_object, type_field::DICT);
            let mut module = 0;
            if dict != 0 && raw::type_flags(raw::type_of(dict)) & raw::DICT_SUBCLASS != 0 {
                raw::each_item(dict, |key, value| {
                    let is_module = self.text_of(key).is_some_and(|key| self.builder.text(key) == "__module__");
                    if is_module {
                        module = value;
                    }
                    !is_module
                });
            }
            let module = if module == 0 { None } else { self.text_of(module) };
            let (fallback_module, fallback_name) = self.static_name(type_object);
            (module.unwrap_or(fallback_module), qualname.unwrap_or(fallback_name))
        }
    }

    /// A value of a dict under a string key, found without comparing anything but exact strings.
    ///
    /// # Safety
    /// `dict` must be a live dict.
    pub(crate) unsafe fn item(&mut self, dict: Address, wanted: &str) -> Option<Address> {
        let mut found = None;
        // SAFETY: the caller's promise; nothing here runs Python code.
        unsafe {
            raw::each_item(dict, |key, value| {
                if self.text_of(key).is_some_and(|key| self.builder.text(key) == wanted) {
                    found = Some(value);
                }
                found.is_none()
            });
        }
        found
    }
}

//! GC roots besides frames: the modules in `sys.modules`, that dict itself, static types.
#![allow(unsafe_code)]

use pyo3::ffi;
use refroots_core::{NodeFlags, NodeId, Root, RootKind};

use super::names::is_own_module;
use super::raw::{self, Address};
use super::walk::Walk;

/// `sys.modules`, 0 where there is none (any more): `PyImport_GetModuleDict` would end the process then.
///
/// # Safety
/// The GIL must be held.
pub(crate) unsafe fn modules(walk: &Walk<'_>) -> Address {
    // SAFETY: stable ABI, a borrowed reference or NULL; it looks into the dict of `sys` and runs no code.
    unsafe {
        let modules = ffi::PySys_GetObject(c"modules".as_ptr()) as Address;
        if modules != 0 && raw::type_of(modules) == walk.known.dict { modules } else { 0 }
    }
}

/// Makes the modules roots, before the walk, so that they are discovered; refroots' own are hidden.
///
/// # Safety
/// The GIL must be held.
pub(crate) unsafe fn add_modules(walk: &mut Walk<'_>) {
    // SAFETY: `sys.modules` is a live dict or 0, which has no node.
    unsafe {
        let modules = modules(walk);
        let Some(node) = walk.node(modules) else { return };
        let name = walk.builder.intern("sys.modules");
        let detail = walk.builder.intern("");
        walk.builder.add_root(Root { node, kind: RootKind::Interpreter, name, detail, thread: detail, asking: false });
        let mut found = Vec::new();
        raw::each_item(modules, |key, module| {
            found.push((key, module));
            true
        });
        for (key, module) in found {
            let Some(name) = walk.names().text_of(key) else { continue };
            if is_own_module(walk.builder.text(name)) {
                walk.own_objects.push(module);
            } else if let Some(node) = walk.node(module) {
                walk.builder.add_root(Root { node, kind: RootKind::Module, name, detail, thread: detail, asking: false });
            }
        }
    }
}

/// Makes static types roots, after the walk has found them.
pub(crate) fn add_static_types(walk: &mut Walk<'_>) {
    let detail = walk.builder.intern("");
    for node in (0..walk.builder.described() as u32).map(NodeId) {
        if walk.builder.has_flag(node, NodeFlags::STATIC) {
            let name = walk.builder.definition(node).unwrap_or(detail);
            walk.builder.add_root(Root { node, kind: RootKind::Static, name, detail, thread: detail, asking: false });
            // What is compiled in begins with a count of one that nobody holds (`PyVarObject_HEAD_INIT`).
            let place = walk.builder.intern("compiled in");
            walk.builder.suspect(node, RootKind::External, place);
        }
    }
}

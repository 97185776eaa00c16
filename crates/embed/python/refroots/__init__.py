"""Why is this object still alive, and how much memory does it hold? With a picture.

>>> import refroots
>>> CACHE = {}
>>> class Session: pass
>>> CACHE["k"] = Session()
>>> chain = refroots.why(CACHE["k"])
>>> chain.references[-1].name
"['k']"
"""

from refroots._native import (
    Chain,
    CycleGroup,
    Diff,
    Duplicate,
    Growth,
    Heap,
    Largest,
    ModuleCount,
    Object,
    ObjectSet,
    PathGrowth,
    Picture,
    Reason,
    Reasons,
    Reference,
    Root,
    RootShare,
    SnapshotError,
    Suspect,
    Table,
    ThreadShare,
    TypeCount,
    TypeGrowth,
    Waste,
    __version__,
    capture,
    grew,
    load,
    objects,
    save,
    show_backrefs,
    show_refs,
    track,
    why,
)

__all__ = [
    "Chain",
    "CycleGroup",
    "Duplicate",
    "Diff",
    "Growth",
    "Heap",
    "Largest",
    "ModuleCount",
    "Object",
    "ObjectSet",
    "PathGrowth",
    "Picture",
    "Reason",
    "Reasons",
    "Reference",
    "Root",
    "RootShare",
    "SnapshotError",
    "Suspect",
    "Table",
    "ThreadShare",
    "TypeCount",
    "Waste",
    "TypeGrowth",
    "__version__",
    "capture",
    "grew",
    "load",
    "objects",
    "save",
    "show_backrefs",
    "show_refs",
    "track",
    "why",
]

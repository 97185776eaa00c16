from collections import defaultdict
from collections.abc import Callable, Container, Iterable
from types import ModuleType
from typing import Any, Literal, TypeAlias, TypeGuard

from _typeshed import Incomplete, SupportsWrite

IS_INTERACTIVE: bool
exact: bool
printer: Callable[[str], object] | None

__author__: str
__copyright__: str
__license__: str
__version__: str
__date__: str

_GraphvizSource: TypeAlias = Incomplete
_Filter: TypeAlias = Callable[[object], bool]
_Printer: TypeAlias = Callable[[str], object]

def count(typename: str, objects: Iterable[object] | None = None) -> int: ...
def typestats(
    objects: Iterable[object] | None = None, shortnames: bool = True, filter: _Filter | None = None
) -> dict[str, int]: ...
def most_common_types(
    limit: int = 10,
    objects: Iterable[object] | None = None,
    shortnames: bool = True,
    filter: _Filter | None = None,
) -> list[tuple[str, int]]: ...
def show_most_common_types(
    limit: int = 10,
    objects: Iterable[object] | None = None,
    shortnames: bool = True,
    file: SupportsWrite[str] | None = None,
    filter: _Filter | None = None,
    *,
    sizes: bool = False,
    printer: _Printer | None = None,
) -> None: ...
def growth(
    limit: int = 10,
    peak_stats: dict[str, int] = {},
    shortnames: bool = True,
    filter: _Filter | None = None,
    *,
    collect: bool = True,
) -> list[tuple[str, int, int]]: ...
def show_growth(
    limit: int = 10,
    peak_stats: dict[str, int] | None = None,
    shortnames: bool = True,
    file: SupportsWrite[str] | None = None,
    filter: _Filter | None = None,
    *,
    collect: bool = True,
    printer: _Printer | None = None,
) -> None: ...
def get_new_ids(
    skip_update: bool = False,
    limit: int = 10,
    sortby: Literal["old", "current", "new", "deltas"] = "deltas",
    shortnames: bool | None = None,
    file: SupportsWrite[str] | None = None,
    *,
    collect: bool = True,
    printer: _Printer | None = None,
) -> defaultdict[str, set[int]]: ...
def get_leaking_objects(objects: Iterable[object] | None = None, *, collect: bool = True) -> list[object]: ...
def by_type(typename: str, objects: Iterable[object] | None = None) -> list[object]: ...
def at(addr: int) -> object: ...
def at_addrs(address_set: Container[int]) -> list[object]: ...
def find_ref_chain(
    obj: object,
    predicate: _Filter,
    max_depth: int = 20,
    extra_ignore: Iterable[int] = (),
    *,
    missing: Any = ...,
    collect: bool = True,
) -> list[object]: ...
def find_backref_chain(
    obj: object,
    predicate: _Filter,
    max_depth: int = 20,
    extra_ignore: Iterable[int] = (),
    *,
    missing: Any = ...,
    collect: bool = True,
) -> list[object]: ...
def show_backrefs(
    objs: object,
    max_depth: int = 3,
    extra_ignore: Iterable[int] = (),
    filter: _Filter | None = None,
    too_many: int = 10,
    highlight: object = None,
    filename: str | None = None,
    extra_info: Callable[[object], str] | None = None,
    refcounts: bool = False,
    shortnames: bool = True,
    output: SupportsWrite[str] | None = None,
    extra_node_attrs: Callable[[object], dict[str, str]] | None = None,
    *,
    cull_func: _Filter | None = ...,
    collect: bool = True,
    printer: _Printer | None = None,
) -> _GraphvizSource | None: ...
def show_refs(
    objs: object,
    max_depth: int = 3,
    extra_ignore: Iterable[int] = (),
    filter: _Filter | None = None,
    too_many: int = 10,
    highlight: object = None,
    filename: str | None = None,
    extra_info: Callable[[object], str] | None = None,
    refcounts: bool = False,
    shortnames: bool = True,
    output: SupportsWrite[str] | None = None,
    extra_node_attrs: Callable[[object], dict[str, str]] | None = None,
    *,
    cull_func: _Filter | None = None,
    collect: bool = True,
    printer: _Printer | None = None,
) -> _GraphvizSource | None: ...
def show_chain(
    *chains: list[object],
    backrefs: bool = True,
    extra_ignore: Iterable[int] = (),
    too_many: int = 10,
    highlight: object = None,
    filename: str | None = None,
    extra_info: Callable[[object], str] | None = None,
    refcounts: bool = False,
    shortnames: bool = True,
    output: SupportsWrite[str] | None = None,
    extra_node_attrs: Callable[[object], dict[str, str]] | None = None,
    cull_func: _Filter | None = ...,
    collect: bool = True,
    printer: _Printer | None = None,
) -> _GraphvizSource | None: ...
def is_proper_module(obj: object) -> TypeGuard[ModuleType]: ...
def install() -> None: ...

"""The drawing behind `show_refs`, `show_backrefs` and `show_chain`: a search, its DOT text, and where that goes."""

import atexit
import os
import sys
import tempfile

import refroots.objgraph as _module
from refroots._native import objgraph as _native
from refroots.objgraph import _labels, _writing


class _One(list):
    """A list that was made for one object, and is no reference of the program."""


def _in_list(objs):
    return objs if _module._isinstance(objs, (list, tuple)) else _One([objs])


def _show_graph(
    objs,
    edge_func,
    swap_source_target,
    max_depth=3,
    extra_ignore=(),
    filter=None,
    too_many=10,
    highlight=None,
    filename=None,
    extra_info=None,
    refcounts=False,
    shortnames=True,
    output=None,
    cull_func=None,
    extra_node_attrs=None,
    *,
    collect=True,
    printer=None,
    _only=None,
):
    """Draw what a search along `edge_func` finds, in objgraph's DOT."""
    if filename and output:
        raise ValueError("Cannot specify both output and filename.")
    if filename and not _module.exact:
        filename = os.fsdecode(filename)
    objs = _in_list(objs)
    if collect:
        _module.gc.collect()
    if _module.exact:
        ignored = {id(objs), id(extra_ignore), *extra_ignore}
        writer = _writing._Writer(
            objs,
            swap_source_target,
            max_depth,
            shortnames,
            refcounts,
            highlight,
            extra_info,
            extra_node_attrs,
        )
        # Their dicts of locals are made and hold what the locals do, as objgraph's.
        for frame in (sys._getframe(), sys._getframe(1)):
            ignored |= {id(frame), id(frame.f_locals)}
        del frame
        ignored |= {id(writer), id(writer.lines)}
        drawn = _native.search_in_steps(
            objs, edge_func, max_depth, ignored, filter, _only, too_many, cull_func, writer
        )
        text, picture = writer.text(), None
    else:
        is_referrers, is_referents = edge_func is _module._real_gc[2], edge_func is _module._real_gc[3]
        found = _native.search_graph(
            objs,
            "referrers" if is_referrers else "referents" if is_referents else edge_func,
            max_depth,
            extra_ignore,
            filter,
            _only,
            too_many,
            "modules" if cull_func is _module.is_proper_module else cull_func,
        )
        graph = _Graph(found, objs, swap_source_target, shortnames)
        # Made when the search is over: it holds the functions of the program.
        writer = _writing._Writer(
            objs,
            swap_source_target,
            max_depth,
            shortnames,
            refcounts,
            highlight,
            extra_info,
            extra_node_attrs,
        )
        text, drawn, picture = graph.dot(writer), len(found), graph.picture
    if output:
        output.write(text)
        return None
    return _deliver(text, drawn, picture, filename, printer)


class _Graph:
    """What a search has found, as (object, depth, neighbours, left out, references) in its order."""

    def __init__(self, found, starts, points_away, shortnames):
        self.found, self.starts = found, starts
        self.points_away, self.shortnames = bool(points_away), bool(shortnames)

    @property
    def names(self):
        """Each reference's names; of parallel ones each has its own."""
        return _native.name_found(self.found, self.points_away)

    @property
    def pairs(self):
        """Source and target of each reference."""
        return [
            (node[0], neighbour) if self.points_away else (neighbour, node[0])
            for node in self.found
            for neighbour in node[2]
        ]

    def dot(self, writer):
        """Give the DOT text, as objgraph writes it."""
        only = self.starts[0] if type(self.starts) is _One else writer
        is_ours = _labels._are_ours() and not writer.asks()
        if not (is_ours and self._write(writer, only)):
            self._write_with_words_of_others(writer, only)
        return writer.text()

    def _write(self, writer, only):
        """Write it where every word is refroots' own; says whether it could."""
        how = self.points_away, self.shortnames, writer.refcounts, writer.max_depth
        return _native.write_dot(self.found, only, writer, _labels, *how)

    def _write_with_words_of_others(self, writer, only):
        edges = zip(self.pairs, self.names)
        node_id, label_of, shortnames = _module._obj_node_id, _labels._label_of_names, self.shortnames
        write = writer.lines.append
        for obj, depth, neighbours, skipped, count in self.found:
            # What is held for the question alone is no reference of the program.
            writer.node(obj, depth, count - (obj is only and count > 0))
            for _ in neighbours:
                (source, target), names = next(edges)
                label = label_of(source, target, names, shortnames)
                write(f"  {node_id(source)} -> {node_id(target)}{label};")
            if skipped > 0:
                writer.too_many(obj, depth, skipped)

    def picture(self):
        """Give the same as a picture that refroots draws itself."""
        places = {}
        nodes = []
        for obj, depth, _, skipped, _ in self.found:
            if id(obj) not in places:
                places[id(obj)] = len(nodes)
                name = _labels._typename(obj, self.shortnames)
                is_start = any(obj is start for start in self.starts)
                nodes.append((name, _module._safe_repr(obj), depth, is_start, skipped))
        references = [
            (places[id(source)], places[id(target)], _labels._word_of_names(names, self.shortnames))
            for (source, target), names in zip(self.pairs, self.names)
        ]
        return _native.picture(nodes, references, not self.points_away, "ObjectGraph")


def _write(path, text):
    """Write a file whole or not at all."""
    folder, name = os.path.split(path)
    handle, beside = tempfile.mkstemp(prefix=name, dir=folder or ".")
    try:
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _deliver(text, drawn, picture, filename, printer):
    """Show the picture, or write the file that is wanted."""
    source = getattr(_module, "graphviz", None)
    if _module.IS_INTERACTIVE and (source or picture) and (not filename or picture):
        if filename:
            _write_picture(text, drawn, picture, filename, printer)
        # The package graphviz draws by the program of that name.
        is_theirs = source and not (picture and not _module._program_in_path("dot"))
        return source.Source(text) if is_theirs else picture()
    _write_picture(text, drawn, picture, filename, printer)
    return None


def _write_picture(text, drawn, picture, filename, printer):
    before = _module.printer
    if printer is not None:
        _module.printer = printer
    try:
        if filename and filename.endswith(".dot"):
            _write(filename, text)
            _module._say(f"Graph written to {filename} ({drawn} nodes)")
            return
        handle, dot_filename = tempfile.mkstemp(prefix="objgraph-", suffix=".dot")
        is_read_later = False
        try:
            with open(
                handle, "w", encoding="utf-8", errors="strict" if _module.exact else "backslashreplace"
            ) as file:
                file.write(text)
            _module._say(f"Graph written to {dot_filename} ({drawn} nodes)")
            if not (picture and _draw(picture, dot_filename, filename)):
                is_read_later = not filename and _module._program_in_path("xdot")
                _module._present_graph(dot_filename, filename)
        finally:
            if not _module.exact:
                # The viewer reads the file when it has started: it goes when the program ends.
                if is_read_later:
                    atexit.register(_remove, dot_filename)
                else:
                    _remove(dot_filename)
    finally:
        _module.printer = before


def _remove(path):
    try:
        os.unlink(path)
    except OSError:
        return


def _draw(picture, dot_filename, filename):
    """Draw without Graphviz, where there is neither viewer nor renderer and nobody has put others in their place."""
    is_ours = _module._real_presentation == (_module._program_in_path, _module.subprocess)
    programs = ("dot",) if filename else ("xdot", "dot")
    if not is_ours or any(map(_module._program_in_path, programs)):
        return False
    if not filename:
        filename = os.path.splitext(dot_filename)[0] + ".png"
    if not _native.draws(filename):
        return False
    picture().save(filename)
    _module._say(f"Image generated as {filename}")
    return True

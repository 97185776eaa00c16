"""The drawing behind `show_refs`, `show_backrefs` and `show_chain`: a search, its DOT text, and where that goes."""

import atexit
import collections
import os
import sys
import tempfile
import warnings

import refroots.objgraph as _module
from refroots._native import objgraph as _native
from refroots.objgraph import _labels


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
    _module._collect(collect)
    is_referrers, is_referents = edge_func is _module._real_gc[2], edge_func is _module._real_gc[3]
    found = _native.search_graph(
        objs,
        "referrers" if is_referrers else "referents" if is_referents else edge_func,
        max_depth,
        {id(objs), id(extra_ignore), *extra_ignore},
        filter,
        _only,
        too_many,
        "modules" if cull_func is _module.is_proper_module and not _module.exact else cull_func,
        _module.exact,
    )
    graph = _Graph(found, objs, swap_source_target, max_depth, shortnames)
    text = graph.dot(highlight, extra_info, refcounts, extra_node_attrs)
    if output:
        output.write(text)
        return None
    return _deliver(text, graph, filename, printer)


class _Asked:
    """A function of the program that words or marks objects, any of which may make it raise."""

    def __init__(self, function, word, otherwise):
        self.function, self.word, self.otherwise = function, word, otherwise
        self.answered = self.raised = 0
        self.first = None

    def __call__(self, obj):
        try:
            answer = self.function(obj)
        except Exception as error:
            if _module.exact:
                raise
            self.raised += 1
            if self.first is None:
                self.first = error.with_traceback(None)
            return self.otherwise
        self.answered += 1
        return answer

    def end(self):
        """Tell what was skipped; where nothing was answered, raise."""
        first, self.first = self.first, None
        if first is None:
            return
        if not self.answered:
            raise first
        warnings.warn(
            f"{self.raised} objects were skipped, for which {self.word} raised; first {first!r}",
            RuntimeWarning,
            stacklevel=4,
        )


class _Graph:
    """What a search has found, as (object, depth, neighbours, left out, references) in its order."""

    def __init__(self, found, starts, points_away, max_depth, shortnames):
        self.found, self.starts = found, starts
        self.points_away, self.max_depth, self.shortnames = points_away, max_depth, shortnames

    def __len__(self):
        return len(self.found)

    def edges(self):
        """Give each reference with its names; of parallel ones each has its own."""
        pairs = [
            (node[0], neighbour) if self.points_away else (neighbour, node[0])
            for node in self.found
            for neighbour in node[2]
        ]
        if _module.exact:
            return pairs, [None] * len(pairs)
        names = _native.name_edges(pairs)
        # Of one drawn object: one that is drawn twice has each reference twice.
        parallel, place = {}, 0
        for at, node in enumerate(self.found):
            for neighbour in node[2]:
                parallel.setdefault((at, id(neighbour)), []).append(place)
                place += 1
        for places in parallel.values():
            if len(places) > 1:
                known = [name for name in names[places[0]] if name[0] not in _labels._NAMELESS]
                for at, place in enumerate(places):
                    names[place] = known[at : at + 1]
        return pairs, names

    def dot(self, highlight, extra_info, refcounts, extra_node_attrs):
        """Give the DOT text, as objgraph writes it."""
        asked = {
            "highlight": highlight and _Asked(highlight, "highlight", False),
            "extra_info": extra_info and _Asked(extra_info, "extra_info", ""),
            "attrs": extra_node_attrs and _Asked(extra_node_attrs, "extra_node_attrs", {}),
        }
        lines = ["digraph ObjectGraph {", "  node[shape=box, style=filled, fillcolor=white];"]
        lines += [f"  {_module._obj_node_id(start)}[fontcolor=red];" for start in self.starts]
        pairs, names = self.edges()
        self.pairs, self.names = pairs, names
        at = 0
        self.queued = collections.Counter(map(id, self.starts))
        self.last = ()
        for obj, depth, neighbours, skipped, count in self.found:
            self.queued[id(obj)] -= depth == 0
            self._node(lines, obj, depth, count if refcounts else None, asked)
            for _ in neighbours:
                lines.append(self._edge(*pairs[at], names[at]))
                self.last = pairs[at]
                at += 1
            if skipped > 0:
                self._too_many(lines, obj, depth, skipped)
        for function in asked.values():
            if function:
                function.end()
        lines.append("}\n")
        return "\n".join(lines)

    def _node(self, lines, obj, depth, count, asked):
        node = _module._obj_node_id(obj)
        is_exact = count is not None and _module.exact
        if is_exact and (count < 0 or _module._obj_label is not _labels._obj_label):
            label = _module._obj_label(obj, asked["extra_info"], True, self.shortnames)
        elif is_exact:
            # objgraph takes off one more than its own references, but on 3.10; it still has the starts to come and
            # the ends of the reference that it drew last.
            count += (
                self.queued[id(obj)] + sum(obj is end for end in self.last) - (sys.version_info >= (3, 11))
            )
            label = _labels._label(obj, asked["extra_info"], count, self.shortnames)
        elif count is not None:
            count -= type(self.starts) is _One and obj is self.starts[0]
            label = _labels._label(
                obj, asked["extra_info"], "immortal" if count < 0 else count, self.shortnames
            )
        else:
            label = _module._obj_label(obj, asked["extra_info"], False, self.shortnames)
        lines.append(f'  {node}[label="{label}"{_module._obj_attrs(obj, asked["attrs"])}];')
        h, s, v = _module._gradient((0, 0, 1), (0, 0, 0.3), depth, self.max_depth)
        if _labels._is_module(obj):
            h, s = 0.3, 1
        if asked["highlight"] and asked["highlight"](obj):
            h, s, v = 0.6, 0.6, 0.5 + v * 0.5
        lines.append(f'  {node}[fillcolor="{h:g},{s:g},{v:g}"];')
        if v < 0.5:
            lines.append(f"  {node}[fontcolor=white];")
        if _labels._has_del(obj):
            lines.append(f"  {node}->{node}_has_a_del[color=red,style=dotted,len=0.25,weight=10];")
            lines.append(
                f'  {node}_has_a_del[label="__del__",shape=doublecircle,height=0.25,color=red,fillcolor="0,.5,1",fontsize=6];'
            )

    def _edge(self, source, target, names):
        if names is None:
            label = _module._edge_label(source, target, self.shortnames)
        else:
            label = _labels._label_of_names(source, target, names, self.shortnames)
        return f"  {_module._obj_node_id(source)} -> {_module._obj_node_id(target)}{label};"

    def _too_many(self, lines, obj, depth, skipped):
        node = _module._obj_node_id(obj)
        ends = f"{node}->too_many_{node}" if self.points_away else f"too_many_{node}->{node}"
        word = "references" if self.points_away else "backreferences"
        h, s, v = _module._gradient((0, 1, 1), (0, 1, 0.3), depth + 1, self.max_depth)
        lines.append(f"  {ends}[color=red,style=dotted,len=0.25,weight=10];")
        lines.append(
            f'  too_many_{node}[label="{skipped} more {word}",shape=box,height=0.25,color=red,fillcolor="{h:g},{s:g},{v:g}",fontsize=6];'
        )
        lines.append(f"  too_many_{node}[fontcolor=white];")

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
            (places[id(source)], places[id(target)], _labels._word_of_names(names or (), self.shortnames))
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


def _deliver(text, graph, filename, printer):
    """Show the picture, or write the file that is wanted."""
    is_shown = _module.IS_INTERACTIVE
    if is_shown and (not filename or not _module.exact):
        if filename:
            _write_picture(text, graph, filename, printer)
        source = getattr(_module, "graphviz", None)
        return graph.picture() if source is None else source.Source(text)
    _write_picture(text, graph, filename, printer)
    return None


def _write_picture(text, graph, filename, printer):
    before = _module.printer
    if printer is not None:
        _module.printer = printer
    try:
        if filename and filename.endswith(".dot"):
            _write(filename, text)
            _module._say(f"Graph written to {filename} ({len(graph)} nodes)")
            return
        handle, dot_filename = tempfile.mkstemp(prefix="objgraph-", suffix=".dot")
        is_read_later = False
        try:
            with open(
                handle, "w", encoding="utf-8", errors="strict" if _module.exact else "backslashreplace"
            ) as file:
                file.write(text)
            _module._say(f"Graph written to {dot_filename} ({len(graph)} nodes)")
            if not _draw(graph, dot_filename, filename):
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


def _draw(graph, dot_filename, filename):
    """Draw without Graphviz, where there is neither viewer nor renderer and nobody has put others in their place."""
    is_ours = _module._real_presentation == (_module._program_in_path, _module.subprocess)
    programs = ("dot",) if filename else ("xdot", "dot")
    if _module.exact or not is_ours or any(map(_module._program_in_path, programs)):
        return False
    if not filename:
        filename = os.path.splitext(dot_filename)[0] + ".png"
    if not _native.draws(filename):
        return False
    graph.picture().save(filename)
    _module._say(f"Image generated as {filename}")
    return True

"""The DOT text of objgraph's pictures, written a node and a reference at a time."""

import sys
import warnings

import refroots.objgraph as _module
from refroots.objgraph import _labels

#: How many references fewer than there are objgraph counts: it takes off what its own words for an object hold, by a
#: number that was right up to 3.10. From 3.11 on arguments move, and from 3.14 on they are borrowed.
_COUNTED_LESS = 0 if sys.version_info < (3, 11) else 1 if sys.version_info < (3, 14) else 3


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
            stacklevel=5,
        )


class _Writer:
    """Lines of DOT, and what each of them is made of."""

    __slots__ = (
        *("_attrs", "_colours", "_extra_info", "_has_del", "_highlight", "_is_exact"),
        *("_points_away", "_shortnames", "lines", "max_depth", "refcounts"),
    )

    def __init__(
        self, starts, points_away, max_depth, shortnames, refcounts, highlight, extra_info, extra_node_attrs
    ):
        self._points_away, self.max_depth = points_away, max_depth
        self._shortnames, self.refcounts = shortnames, bool(refcounts)
        self._is_exact = _module.exact
        if not self._is_exact:
            highlight = highlight and _Asked(highlight, "highlight", False)
            extra_info = extra_info and _Asked(extra_info, "extra_info", "")
            extra_node_attrs = extra_node_attrs and _Asked(extra_node_attrs, "extra_node_attrs", {})
        self._highlight, self._extra_info, self._attrs = highlight, extra_info, extra_node_attrs
        self._colours, self._has_del = {}, {}
        self.lines = ["digraph ObjectGraph {", "  node[shape=box, style=filled, fillcolor=white];"]
        self.lines += [f"  {_module._obj_node_id(start)}[fontcolor=red];" for start in starts]

    def asks(self):
        """Say whether functions of the program word or mark objects."""
        return bool(self._highlight or self._extra_info or self._attrs)

    def node(self, obj, depth, count):
        """Write an object: its words, its colour, its finalizer."""
        node = _module._obj_node_id(obj)
        write = self.lines.append
        attrs = self._attrs and _module._obj_attrs(obj, self._attrs)
        write(f'  {node}[label="{self._label(obj, count)}"{attrs or ""}];')
        is_module = _labels._is_module(obj)
        is_high = bool(self._highlight) and bool(self._highlight(obj))
        look = (depth, is_module, is_high)
        colour = self._colours.get(look)
        if colour is None:
            colour = self._colours[look] = self._colour(depth, is_module, is_high)
        fill, is_dark = colour
        write(f'  {node}[fillcolor="{fill}"];')
        if is_dark:
            write(f"  {node}[fontcolor=white];")
        if self._is_exact:
            has_del = _labels._has_del(obj)
        else:
            has_del = self._has_del.get(type(obj))
            if has_del is None:
                has_del = self._has_del[type(obj)] = _labels._has_del(obj)
        if has_del:
            write(f"  {node}->{node}_has_a_del[color=red,style=dotted,len=0.25,weight=10];")
            write(
                f'  {node}_has_a_del[label="__del__",shape=doublecircle,height=0.25,color=red,fillcolor="0,.5,1",fontsize=6];'
            )

    def _label(self, obj, count):
        if not self.refcounts:
            return _module._obj_label(obj, self._extra_info, False, self._shortnames)
        if not self._is_exact:
            count = "immortal" if count < 0 else count
            return _labels._label(obj, self._extra_info, count, self._shortnames)
        if count < 0 or _module._obj_label is not _labels._obj_label:
            return _module._obj_label(obj, self._extra_info, True, self._shortnames)
        return _labels._label(obj, self._extra_info, count - _COUNTED_LESS, self._shortnames)

    def _colour(self, depth, is_module, is_high):
        h, s, v = _module._gradient((0, 0, 1), (0, 0, 0.3), depth, self.max_depth)
        if is_module:
            h, s = 0.3, 1
        if is_high:
            h, s, v = 0.6, 0.6, 0.5 + v * 0.5
        return f"{h:g},{s:g},{v:g}", v < 0.5

    def reference(self, obj, neighbour):
        """Write a reference with the words that objgraph has for it."""
        source, target = (obj, neighbour) if self._points_away else (neighbour, obj)
        label = _module._edge_label(source, target, self._shortnames)
        self.lines.append(f"  {_module._obj_node_id(source)} -> {_module._obj_node_id(target)}{label};")

    def too_many(self, obj, depth, number):
        """Write how many references are not drawn."""
        node = _module._obj_node_id(obj)
        ends = f"{node}->too_many_{node}" if self._points_away else f"too_many_{node}->{node}"
        word = "references" if self._points_away else "backreferences"
        h, s, v = _module._gradient((0, 1, 1), (0, 1, 0.3), depth + 1, self.max_depth)
        self.lines += [
            f"  {ends}[color=red,style=dotted,len=0.25,weight=10];",
            f'  too_many_{node}[label="{number} more {word}",shape=box,height=0.25,color=red,fillcolor="{h:g},{s:g},{v:g}",fontsize=6];',
            f"  too_many_{node}[fontcolor=white];",
        ]

    def text(self):
        """Give the whole."""
        if not self._is_exact:
            for function in (self._highlight, self._extra_info, self._attrs):
                if function:
                    function.end()
        return "\n".join([*self.lines, "}\n"])

"""Says how two answers about one heap differ, beyond what the drop-in may say more than objgraph by default.

By default, and nowhere else, these differences are allowed:
1. a reference that objgraph leaves bare has a name; if an instance, a list or a tuple refers, the name is a true one;
2. a dict that has one object under several keys: each of the references has its own key;
3. a running frame refers to an object by a local variable, and nodes and references that come with such frames;
   a chain through a frame is found where objgraph found none or only a longer one;
4. with refcounts=True, the number itself.
"""

import dataclasses
import gc
import re

EDGE = re.compile(r"  (\w+) -> (\w+)(?: \[label=\"((?:[^\"\\]|\\.)*)\"(,weight=\d+)?\])?;", re.DOTALL)
START = re.compile(r"  (o\d+)\[fontcolor=red\];")
MANY = re.compile(
    r"  (?:too_many_(o\d+)->\1|(o\d+)->too_many_\2)\[color=red,style=dotted,len=0\.25,weight=10\];"
)
NODE = re.compile(r"  (\w+)(\[.*\]);", re.DOTALL)
DELETED = re.compile(r"  (o\d+)->\1_has_a_del\[color=red,style=dotted,len=0\.25,weight=10\];")
LABEL = re.compile(r"\[label=\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
HEAD = ["digraph ObjectGraph {", "  node[shape=box, style=filled, fillcolor=white];"]
FRAME = ("frame\\n", "builtins.frame\\n")


@dataclasses.dataclass
class Graph:
    """A picture's DOT: every statement of it."""

    starts: list
    nodes: dict  # id: every bracket that is written of it, in order
    references: list  # (source, target, label or None, weight or None)
    after: str  # what comes behind the graph

    def label(self, node):
        """The label as it is written."""
        return next((LABEL.match(part)[1] for part in self.nodes.get(node, ()) if LABEL.match(part)), "")


def statements(text):
    """The DOT's statements: a line each, but a repr may have line ends other than a newline in it."""
    return text.split("\n")


def parse(text):
    """The graph that a DOT text says; ValueError for anything that objgraph does not write."""
    lines = statements(text)
    if lines[:2] != HEAD or "}" not in lines:
        raise ValueError(f"head {lines[:2]}, or no end")
    end = lines.index("}")
    graph = Graph([], {}, [], "\n".join(lines[end + 1 :]))
    for line in lines[2:end]:
        if match := START.fullmatch(line):
            graph.starts.append(match[1])
        elif match := MANY.fullmatch(line) or DELETED.fullmatch(line):
            graph.nodes.setdefault(match[1] or match[2], []).append(line.strip())
        elif match := EDGE.fullmatch(line):
            graph.references.append(match.groups())
        elif match := NODE.fullmatch(line):
            graph.nodes.setdefault(match[1], []).append(match[2])
        else:
            raise ValueError(f"no statement of objgraph's: {line!r}")
    return graph


ADDRESS = re.compile(r"0x([0-9a-f]{9,})|(\d{9,})")


def renamed(text, other):
    """The text with addresses that the other does not have named by their order: dicts that the look itself made."""
    known, new = set(addresses(other)), {}

    def name(match):
        address = value(match)
        return match[0] if address in known else f"0{new.setdefault(address, len(new))}"

    return ADDRESS.sub(name, text)


def addresses(text):
    """Every address in a text: of a node, in a repr, or as a number."""
    return map(value, ADDRESS.finditer(text))


def value(match):
    """The number that an address is."""
    return int(match[1], 16) if match[1] else int(match[2])


def difference(question, expected, found, exact, names):
    """Nothing, or how the answer found is not the one expected."""
    if expected == found:
        return ""
    if expected.startswith("raised") or found.startswith("raised"):
        return f"expected {expected[:200]!r}, found {found[:200]!r}"
    if expected.startswith("digraph"):
        try:
            return picture(
                question, parse(renamed(expected, found)), parse(renamed(found, expected)), exact, names
            )
        except ValueError as error:
            return str(error)
    if re.match(r"\d+ \d+ \d+ (True|False) (True|False) (True|False) (True|False)$", expected):
        return chain(expected.split(), found.split(), exact)
    return first_difference(expected.split(), found.split())


def chain(expected, found, exact):
    """Length and ends; a chain by a running frame is more than objgraph finds."""
    longer = int(found[0]) > int(expected[0])
    not_found = expected[0] == "1" and "True" not in expected[3:5]
    if not exact and found[6] == "True" and "True" in found[3:5] and (not_found or not longer):
        return ""
    return f"expected length, ends, their predicates, linked, by a frame {expected}, found {found}"


def first_difference(expected, found):
    """Where two lists part."""
    for place, (one, other) in enumerate(zip(expected, found)):  # noqa: B905
        if one != other:
            around = slice(max(0, place - 3), place + 4)
            return f"at {place}: expected {' '.join(map(str, expected[around]))!r}, found {' '.join(map(str, found[around]))!r}"
    if len(expected) != len(found):
        longer = max(expected, found, key=len)
        rest = longer[min(len(expected), len(found)) :]
        return f"expected {len(expected)} parts, found {len(found)}; over: {' '.join(map(str, rest[:6]))!r}"
    return ""


def picture(question, expected, found, exact, names):
    """The same starts, nodes and references, in the same order."""
    if not exact:
        found = without_frames(found, expected)
        wrong = untrue(found, names)
        if wrong:
            return wrong
        found = as_bare(expected, found)
    if expected.starts != found.starts:
        return f"starts: {first_difference(expected.starts, found.starts)}"
    references = first_difference(told(expected, expected), told(found, expected))
    if references:
        return f"references: {references}"
    if list(expected.nodes) != list(found.nodes):
        return f"nodes: {first_difference(list(expected.nodes), list(found.nodes))}"
    for node, written in expected.nodes.items():
        if written != found.nodes[node] and not (
            not exact and same_but_counts(question, written, found.nodes[node])
        ):
            return f"node {node}: {first_difference(written, found.nodes[node])}"
    return first_difference(expected.after.split("\n"), found.after.split("\n")) if exact else ""


def told(graph, named_by):
    """References as a person reads them."""
    kind = {
        node: named_by.label(node).split("\\n")[0] or graph.label(node).split("\\n")[0]
        for node in graph.nodes
    }
    return [
        f"{kind.get(source, '?')} {source} -> {kind.get(target, '?')} {target}: {label}{weight or ''}"
        for source, target, label, weight in graph.references
    ]


def same_but_counts(question, expected, found):
    """Whether two nodes differ in no more than the count of references."""
    if "refcounts" not in question:
        return False
    return [re.sub(r" \[-?\d+\]", " [n]", part) for part in expected] == [
        re.sub(r" \[[^]]*\]", " [n]", part) for part in found
    ]


def without_frames(found, expected):
    """The graph without running frames that objgraph does not show, and without what only those lead to."""
    extra = {
        node for node in found.nodes if node not in expected.nodes and found.label(node).startswith(FRAME)
    }
    if not extra:
        return found
    grown = True
    # What is drawn for such a frame's sake alone: every reference of it is to such a node or from one.
    while grown:
        grown = False
        for node in found.nodes:
            if node in expected.nodes or node in extra or not re.fullmatch(r"o\d+", node):
                continue
            ends = [(s, t) for s, t, _, _ in found.references if node in (s, t)]
            if ends and all(s in extra or t in extra for s, t in ends):
                extra.add(node)
                grown = True
    many = {f"too_many_{node}" for node in extra} | {f"{node}_has_a_del" for node in extra}
    nodes = {node: written for node, written in found.nodes.items() if node not in extra and node not in many}
    references = [one for one in found.references if one[0] not in extra and one[1] not in extra]
    return Graph(found.starts, nodes, references, found.after)


def as_bare(expected, found):
    """The graph found with the names that it may have and objgraph has not."""
    if len(expected.references) != len(found.references):
        return found
    several = {}
    for source, target, label, _ in found.references:
        several.setdefault((source, target), []).append(label)
    references = []
    for one, other in zip(expected.references, found.references):  # noqa: B905
        labels = several[other[:2]]
        keys = len(labels) > 1 and len(set(labels)) == len(labels) and one[2] in labels
        if one[:2] == other[:2] and other[2] and (one[2] is None or keys):
            other = one
        references.append(other)
    return Graph(found.starts, found.nodes, references, found.after)


def untrue(found, names):
    """A name on an instance's, a list's or a tuple's reference that is none of those it has there."""
    for source, target, label, _ in found.references:
        allowed = names.get(f"{source} {target}")
        if label is not None and allowed and label not in allowed:
            return f"{found.label(source)} -> {found.label(target)}: named {label!r}, of {allowed}"
    return ""


def true_names(text):
    """By reference, for instances, lists and tuples that are tracked: the names it can have, as DOT writes them."""
    tracked = {f"o{id(one)}": one for one in gc.get_objects()}
    names = {}
    for source, target, _, _ in parse(text).references:
        if source in tracked:
            given = given_names(tracked[source], int(target[1:]))
            if given:
                names[f"{source} {target}"] = given
    return names


def given_names(owner, address):
    """The attributes, slots or indexes under which an object has what is at an address."""
    kind = type(owner)
    if kind in (list, tuple):
        return [f"[{place}]" for place, part in enumerate(owner) if id(part) == address]
    if kind.__module__ != "objgraph_heaps" or issubclass(kind, type):
        return []
    slots = [name for base in kind.__mro__ for name in base.__dict__.get("__slots__", ())]
    got = [(name, getattr(owner, name, None)) for name in slots if name not in ("__weakref__", "__dict__")]
    got += list((getattr(owner, "__dict__", None) or {}).items())
    return [name for name, value in got if id(value) == address and isinstance(name, str)]

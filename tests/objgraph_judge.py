"""Says how two answers about one heap differ, beyond what the drop-in may say more than objgraph by default.

By default, and nowhere else, these differences are allowed:
1. a reference that objgraph leaves bare has a name; if an instance, a list or a tuple refers, the name is a true one;
2. a dict or a function that has one object under several names: objgraph gives all references the first name; each has its
   own, a key has none, and where only one is drawn, as show_backrefs does, it has up to three, objgraph's among them;
3. a running frame refers to an object by a local variable, and nodes and references that come with such frames, one more
   left out among them; a chain from such a frame, where objgraph found none;
4. with refcounts=True, the number itself;
5. what objgraph asks an object about itself and refroots does not: no __del__ is drawn for one that only says it is of a
   class with __del__, and a method is bound though bool() of what it is bound to fails;
6. on 3.10, where each running frame is an object, a picture with a frame: objgraph's own look gives it a dict of its
   locals, which refers to what they do from then on, and is among those left out of later pictures;
7. get_leaking_objects of an iterator gives those of its objects; objgraph reads it twice and so gives nothing.
"""

import dataclasses
import gc
import re
import sys
import types

EDGE = re.compile(r"  (\w+) -> (\w+)(?: \[label=\"((?:[^\"\\]|\\.)*)\"(,weight=\d+)?\])?;", re.DOTALL)
START = re.compile(r"  (o\d+)\[fontcolor=red\];")
MANY = re.compile(
    r"  (?:too_many_(o\d+)->\1|(o\d+)->too_many_\2)\[color=red,style=dotted,len=0\.25,weight=10\];"
)
NODE = re.compile(r"  (\w+)(\[.*\]);", re.DOTALL)
DELETED = re.compile(r"  (o\d+)->\1_has_a_del\[color=red,style=dotted,len=0\.25,weight=10\];")
LABEL = re.compile(r"\[label=\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
HEAD = ["digraph ObjectGraph {", "  node[shape=box, style=filled, fillcolor=white];"]
POSING = re.compile(r"(objgraph_heaps\.|weakref\.)?(Posing|ProxyType)( \[|\\n)")
COUNT = re.compile(r" \[(-?\d+|immortal)\]")
MORE_REFERRERS = re.compile(r"(\d+) more backreferences")
KEY = "a key"  # stands among true names where a reference may have none
MORE = [f"{count} more" for count in range(100)]
FRAME = re.compile(r"(builtins\.)?frame( \[\w+\])?\\n")


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
    if re.match(r"\d+ \d+ \d+ (True|False) (True|False) (True|False) \w+$", expected):
        return chain(expected.split(), found.split(), exact)
    if not exact and question == "get_leaking_objects generator" and not expected:
        return ""
    return first_difference(expected.split(), found.split())


def chain(expected, found, exact):
    """Length and ends; a chain from a running frame is more than objgraph finds."""
    not_found = expected[0] == "1" and "True" not in expected[3:5]
    if not exact and not_found and found[6] == "frame":
        return ""
    return f"expected length, ends, their predicates, linked, type of the first {expected}, found {found}"


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
        if sys.version_info < (3, 11) and any(FRAME.match(expected.label(node)) for node in expected.nodes):
            return ""
        whole, found = found, without_frames(found, expected)
        for source, target, label, _ in whole.references:
            if label is None and source not in found.nodes and FRAME.match(whole.label(source)):
                return f"{whole.label(source)} -> {whole.label(target)}: by what variable is not said"
        wrong = untrue(found, names)
        if wrong:
            return wrong
        found = without_posing(expected, as_named(expected, found, names))
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
    labels = {node: named_by.label(node) or graph.label(node) for node in graph.nodes}
    kind = {node: re.split(r"\\n| \[", label)[0] for node, label in labels.items()}
    return [
        f"{kind.get(source, '?')} {source} -> {kind.get(target, '?')} {target}: {label}{weight or ''}"
        for source, target, label, weight in graph.references
    ]


def same_but_counts(question, expected, found):
    """Whether two nodes differ in no more than the count of references, or in what bool() of an object says."""
    one, other = expected[0], found[0]
    if "refcounts" in question:
        one, other = (COUNT.sub(" [n]", text, count=1) for text in (one, other))
    if "(unrepresentable)" in one and re.match(r'\[label="(builtins\.)?method(\\n| \[)', one):
        other = re.sub(r"\\n\w+ \(bound\)", r"\\n(unrepresentable)", other)
    more = MORE_REFERRERS.search(one), MORE_REFERRERS.search(other)
    added = int(more[1][1]) - int(more[0][1]) if all(more) else 0
    if added == 1 or (added < 0 and sys.version_info < (3, 11)):
        other = other.replace(more[1][0], more[0][0])
    return [one, *expected[1:]] == [other, *found[1:]]


def without_posing(expected, found):
    """The graph found with the __del__ of objects that pose."""
    posing = {f"{node}_has_a_del" for node in expected.nodes if POSING.match(expected.label(node))}
    nodes = {}
    for node, written in expected.nodes.items():
        if node in posing:
            nodes[node] = written
        elif node in found.nodes:
            drawn = f"{node}_has_a_del" in posing and len(written) != len(found.nodes[node])
            nodes[node] = written if drawn else found.nodes[node]
    if not posing or [*nodes] != [*expected.nodes] or {*found.nodes} - {*nodes}:
        return found
    return Graph(found.starts, nodes, found.references, found.after)


def without_frames(found, expected):
    """The graph without running frames that objgraph does not show, and without what only those lead to."""
    extra = {node for node in found.nodes if node not in expected.nodes and FRAME.match(found.label(node))}
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
    return Graph(found.starts, without_one_more(nodes, expected), references, found.after)


def without_one_more(nodes, expected):
    """The nodes without the word that one reference is left out, where objgraph leaves out none: the frame's."""
    left = {
        node for node in nodes if node not in expected.nodes and '"1 more backreferences"' in nodes[node][0]
    }
    return {
        node: [part for part in written if part.split("->")[0] not in left]
        for node, written in nodes.items()
        if node not in left
    }


def as_named(expected, found, names):
    """The graph found with the names that objgraph gives in place of those that it may have."""
    if len(expected.references) != len(found.references):
        return found
    several = {}
    for source, target, label, _ in found.references:
        several.setdefault((source, target), []).append(label)
    references = []
    for one, other in zip(expected.references, found.references):  # noqa: B905
        true = names.get(f"{other[0]} {other[1]}", [])
        labels = [label for label in several[other[:2]] if label]
        is_key = other[2] is None and KEY in true
        own = (
            len(set(labels)) == len(labels) and (is_key or other[2] in labels) and {one[2], *true} & {*labels}
        )
        joined = one[2] is not None and one[2] in re.split(r"(?<=\d)\\n|\\n", other[2] or "")
        joined = joined or (one[2] is not None and f"\\n{other[2]}\\n".find(f"\\n{one[2]}\\n") >= 0)
        if one[:2] == other[:2] and ((one[2] is None and other[2]) or (one[2] and (own or joined))):
            other = one
        references.append(other)
    return Graph(found.starts, found.nodes, references, found.after)


def untrue(found, names):
    """A name on an instance's, a list's or a tuple's reference that is none of those it has there."""
    for source, target, label, _ in found.references:
        allowed = names.get(f"{source} {target}", [KEY])
        if label is not None and KEY not in allowed and not {*label.split("\\n")} <= {*allowed, *MORE}:
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
    """The attributes, slots or indexes under which an object has what is at an address; KEY where a key may be it."""
    kind = type(owner)
    if kind in (list, tuple):
        return indexes(owner, address)
    if issubclass(kind, dict):
        return [KEY] * any(id(key) == address for key in owner)
    if issubclass(kind, types.FunctionType):
        return [*(name for name in dir(owner) if id(getattr(owner, name)) == address), KEY]
    if kind.__module__ != "objgraph_heaps" or issubclass(kind, type):
        return []
    slots = [name for base in kind.__mro__ for name in base.__dict__.get("__slots__", ())]
    got = [(name, getattr(owner, name, None)) for name in slots if name not in ("__weakref__", "__dict__")]
    got += [*(getattr(owner, "__dict__", None) or {}).items(), ("__class__", kind)]
    names = [name for name, value in got if id(value) == address and isinstance(name, str)]
    return names + indexes(owner, address) if issubclass(kind, (list, tuple)) else names


def indexes(sequence, address):
    """The places at which a sequence has what is at an address, as labels."""
    return [f"[{place}]" for place, part in enumerate(sequence) if id(part) == address]

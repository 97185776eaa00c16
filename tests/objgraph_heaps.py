"""Random heaps for the differential test of refroots.objgraph: a seed gives the same shape each time."""

import _thread
import array
import asyncio
import collections
import contextlib
import contextvars
import ctypes
import dataclasses
import enum
import functools
import gc
import random
import sys
import time
import types
import weakref


class Plain:
    """Attributes wherever this Python keeps them."""


class Child(Plain):
    """A subclass: never counted with its base."""


class Slotted:
    """No __dict__ at all."""

    __slots__ = ("__weakref__", "left", "right")


class SlottedChild(Slotted):
    """Slots and a __dict__."""


class Listed(list):
    """A list with attributes."""


class Keyed(dict):
    """A dict with attributes and slots."""

    __slots__ = ("extra",)


class Mourned:
    """Has __del__: objgraph draws a node for it."""

    def __del__(self):
        pass


class Odd:
    """A repr that fails, one that is long, one with what DOT must quote."""

    def __init__(self, way):
        self.way = way

    def __repr__(self):
        if self.way == 0:
            raise ValueError("no repr")
        return ["", "x" * 300, 'a "quoted" \\ back\nline\0nul', "ünïcode ✓ " * 5][self.way]

    def __bool__(self):
        if self.way == 1:
            raise ValueError("neither")
        return self.way > 1

    def method(self):
        return self.way


class Posing:
    """Says it is of another class, as mocks do."""

    @property
    def __class__(self):
        return Mourned


class Meta(type):
    """A metaclass, for classes made on the way."""


class Colour(enum.Enum):
    """Members refer to their class, their class to them."""

    RED = 1


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Record:
    """A dataclass as programs have them."""

    name: object
    value: object


class Outer:
    """Holds a nested class: its qualified name is never used."""

    class Inner:
        """Counted as `Inner`."""


CONTEXT = contextvars.ContextVar("CONTEXT")


def generator(held, other):
    """Suspended, it holds two objects by local variables."""
    local = [held]
    yield local
    yield other


async def coroutine(held):
    """Never begun, or waiting for ever."""
    local = (held, held)
    await asyncio.sleep(0)
    return local


MADE = []


def left_frame(held):
    """A frame whose function has returned."""
    local = {"held": held}
    MADE.extend((local, sys._getframe()))


def raised(held):
    """An exception with its traceback, whose frame holds an object."""
    local = held
    try:
        raise LookupError(local)
    except LookupError as error:
        MADE.append(error)


def alone(function, held):
    """What a function makes that nobody called: so its frame leads to no other frame."""
    _thread.start_new_thread(function, (held,))
    while not MADE or _thread._count():
        time.sleep(0)
    made = MADE[:]
    MADE.clear()
    return made


def closure(held, default):
    """A function with a cell, a default, a keyword default and an attribute."""

    def inner(argument=default, *, keyword=default):
        return held, argument, keyword

    inner.attribute = held
    return inner


class Heap:
    """Makes one random heap, part of which hangs on a module that is imported.

    `dicts_in_attributes` lets instances have dicts as attributes. objgraph looks at `__dict__` of whatever refers to a
    dict, and on 3.11 and newer that makes a dict which was not there: its own look changes what it looks at.
    """

    def __init__(self, seed, dicts_in_attributes):
        self.random = random.Random(seed)
        self.dicts_in_attributes = dicts_in_attributes
        self.objects = []
        self.name = f"heap_{seed}"
        for _ in range(self.random.randint(15, 60)):
            self.add()
        for _ in range(self.random.randint(5, 40)):
            self.join()
        self.hub()
        self.root()

    def any(self):
        """One object of the heap, or an atom."""
        if not self.objects or self.random.random() < 0.15:
            return self.atom()
        return self.random.choice(self.objects)

    def hashable(self):
        """What a dict or a set can have as a key."""
        for _ in range(4):
            candidate = self.any()
            if issubclass(
                type(candidate), (Plain, Slotted, Mourned, type, types.FunctionType, types.ModuleType)
            ):
                return candidate
        return self.atom()

    def atom(self):
        """A key or value that the collector does not track."""
        return self.random.choice(
            [1, -7, 2**70, 1.5, None, True, "name", "two words", 'quo"te', "back\\slash", "line\nbreak", "ключ", "", b"bytes",
             (1, "x"), frozenset([3]), "nul\0", "x" * 60, 3j, Ellipsis]
        )  # fmt: skip

    def keep(self, made):
        """Takes an object into the heap."""
        self.objects.append(made)
        return made

    def attribute(self, owner, name, value):
        """Gives an instance an attribute, unless it would be a dict that is not wanted there."""
        if self.dicts_in_attributes or not isinstance(value, dict):
            setattr(owner, name, value)

    def add(self):
        """One more object of a random kind."""
        makers = [
            self.instance, self.instance, self.instance, self.slots, self.container, self.container, self.mapping, self.mapping,
            self.function, self.method, self.suspended, self.frame, self.a_class, self.a_module, self.proxy, self.library, self.strange,
        ]  # fmt: skip
        self.random.choice(makers)()

    def instance(self):
        """With attributes."""
        made = self.keep(self.random.choice([Plain, Plain, Child, Mourned, Outer.Inner, SlottedChild])())
        for name in self.random.sample(
            ["payload", "meta", "parent", "ключ", "a1", "__private"], self.random.randint(0, 4)
        ):
            self.attribute(made, name, self.any())

    def slots(self):
        """Without a __dict__; a slot may stay empty."""
        made = self.keep(Slotted())
        made.left = self.any()
        if self.random.random() < 0.5:
            made.right = self.any()

    def container(self):
        """A sequence or a set of what is there already."""
        parts = [self.any() for _ in range(self.random.choice([0, 1, 2, 3, 5, 14]))]
        keys = [self.hashable() for _ in parts]
        kind = self.random.randrange(7)
        if kind == 0:
            made = Listed(parts)
            self.attribute(made, "note", self.any())
        else:
            made = [list, tuple, collections.deque, Point._make, set, frozenset][kind - 1](
                (*parts, None, None)[:2] if kind == 4 else keys if kind > 4 else parts
            )
        self.keep(made)

    def mapping(self):
        """A dict with odd keys, of which two may have one value."""
        made = self.random.choice(
            [dict, dict, Keyed, collections.OrderedDict, lambda: collections.defaultdict(list)]
        )()
        shared = self.any()
        for _ in range(self.random.choice([0, 1, 3, 6])):
            value = shared if self.random.random() < 0.3 else self.any()
            made[self.hashable()] = value
        if isinstance(made, Keyed):
            made.extra = self.any()
        self.keep(made)

    def function(self):
        """A closure, a lambda, or a partial."""
        held, default = self.any(), self.any()
        kind = self.random.randrange(3)
        if kind == 0:
            self.keep(closure(held, default))
        elif kind == 1:
            self.keep(lambda: held)
        else:
            self.keep(functools.partial(closure, held, default=default))

    def method(self):
        """Bound to an instance of Python or to a builtin."""
        owner = self.keep(Odd(self.random.randrange(1, 5)) if self.random.random() < 0.5 else [self.any()])
        self.keep(owner.method if isinstance(owner, Odd) else owner.append)

    def suspended(self):
        """A generator or a coroutine that waits."""
        if self.random.random() < 0.7:
            made = generator(self.any(), self.any())
            if self.random.random() < 0.8:
                next(made)
        else:
            made = coroutine(self.any())
            if self.random.random() < 0.5:
                made.send(None)
        self.keep(made)

    def frame(self):
        """A frame of a call that is over, alone or in a traceback."""
        for made in alone(self.random.choice([left_frame, raised]), self.any()):
            self.keep(made)

    def a_class(self):
        """A class of its own, with an instance."""
        made = self.keep(
            Meta(self.random.choice(["Made", "ünicode", "Plain"]), (Plain,), {"shared": self.any()})
        )
        if self.random.random() < 0.3:
            made.__module__ = ""
        self.attribute(self.keep(made()), "own", self.any())

    def a_module(self):
        """A module that is in sys.modules, or is not."""
        made = self.keep(types.ModuleType(f"{self.name}.part{len(self.objects)}"))
        made.value = self.any()
        if self.random.random() < 0.5:
            sys.modules[made.__name__] = made

    def proxy(self):
        """Weak references, which hold nothing."""
        instances = [made for made in self.objects if type(made) in (Plain, Slotted, Child)]
        if instances:
            target = self.random.choice(instances)
            self.keep(self.random.choice([weakref.ref, weakref.proxy])(target))

    def library(self):
        """What the standard library makes."""
        value = self.any()
        made = [
            lambda: types.SimpleNamespace(value=value),
            lambda: types.MappingProxyType({"value": value}),
            lambda: Record(
                "name", value if self.dicts_in_attributes or not isinstance(value, dict) else None
            ),
            lambda: iter([value]),
            lambda: property(lambda _: value),
            lambda: map(str, [value]),
            lambda: contextvars.copy_context(),
            lambda: types.CellType(value),
            lambda: Colour.RED,
            lambda: memoryview(b"bytes"),
            lambda: object(),
        ]
        self.keep(self.random.choice(made)())

    def strange(self):
        """Reprs that fail, classes that pose."""
        self.keep(
            self.random.choice([lambda: Odd(0), lambda: Odd(2), lambda: Odd(3), lambda: Odd(4), Posing])()
        )

    def join(self):
        """One more reference between two objects: so cycles come about."""
        source, target = self.random.choice(self.objects), self.random.choice(self.objects)
        if type(source) in (list, Listed):
            source.append(target)
        elif type(source) in (dict, Keyed, collections.OrderedDict):
            source[self.random.choice(["cycle", "not an identifier", 7])] = target
        elif type(source) in (Plain, Child, Mourned):
            self.attribute(source, self.random.choice(["cycle", "other"]), target)
        elif type(source) is Slotted:
            source.left = target

    def hub(self):
        """One object that more refer to than are drawn."""
        self.shared = self.keep(self.random.choice([Plain, list, dict, Slotted])())
        spokes = self.keep([])
        for number in range(self.random.randint(8, 30)):
            spokes.append([self.shared] if number % 2 else {"shared": self.shared, number: self.shared})

    def root(self):
        """Some of the heap hangs on a module that is imported."""
        module = types.ModuleType(self.name)
        module.some = self.random.sample(self.objects, len(self.objects) // 3)
        module.one = self.random.choice(self.objects)
        sys.modules[self.name] = module

    def materialize(self):
        """Makes what objgraph's look would make: dicts of frames' variables, and of attributes where they may be dicts."""
        for made in self.objects:
            if type(made) is types.FrameType:
                made.f_locals  # noqa: B018
            elif type(made) is LookupError:
                made.__traceback__.tb_frame.f_locals  # noqa: B018
            is_plain = type(made).__module__ == __name__ and not self.dicts_in_attributes
            if not is_plain and not issubclass(type(made), weakref.ProxyTypes):
                getattr(made, "__dict__", None)
        for function in gc.get_objects():
            if type(function) is types.FunctionType:
                with contextlib.suppress(NameError):
                    function.__dict__, function.__annotations__  # noqa: B018


def build(seed, dicts_in_attributes, materialize):
    """A heap's addresses, and its hub's.

    No list of it stays to be found as what refers to everything: each object is kept by a reference that only C has.
    """
    heap = Heap(seed, dicts_in_attributes)
    if materialize:
        heap.materialize()
    for made in heap.objects:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
    return array.array("Q", map(id, heap.objects)), id(heap.shared)


def at(address):
    """The object there."""
    return ctypes.cast(int(address), ctypes.py_object).value


def forget(seed, addresses):
    """Lets a heap go."""
    for name in [name for name in sys.modules if name.split(".")[0] == f"heap_{seed}"]:
        del sys.modules[name]
    for address in addresses:
        ctypes.pythonapi.Py_DecRef(ctypes.c_void_p(address))

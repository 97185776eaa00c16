"""One or more objects of each type that CPython ships and that can hold others: what capture must name."""

import array
import ast
import asyncio
import bz2
import collections
import concurrent.futures
import contextlib
import contextvars
import csv
import ctypes
import datetime
import decimal
import enum
import functools
import hashlib
import hmac
import io
import itertools
import json
import lzma
import mmap
import operator
import pickle
import queue
import random
import re
import selectors
import socket
import sqlite3
import ssl
import string
import struct
import sys
import threading
import time
import types
import typing
import unicodedata
import weakref
import xml.etree.ElementTree as ElementTree
import zlib
import zoneinfo
from xml.parsers import expat


class Marker:
    """What samples hold."""


class Plain:
    def __init__(self):
        self.first = Marker()

    @property
    def prop(self):
        """Documented."""
        return self.first

    @prop.setter
    def prop(self, value):
        self.first = value

    def method(self):
        return super().__init__

    @classmethod
    def of_class(cls):
        return cls

    @staticmethod
    def static():
        return Marker

    @functools.cached_property
    def cached(self):
        return Marker()


class Slots:
    __slots__ = ("one", "two", "__weakref__")

    def __init__(self):
        self.one, self.two = Marker(), Marker()


class Meta(type):
    pass


class OfMeta(metaclass=Meta):
    pass


class Structure(ctypes.Structure):
    _fields_ = [("number", ctypes.c_int), ("text", ctypes.c_char_p), ("any", ctypes.py_object)]


class Color(enum.Enum):
    RED = 1


def closure():
    inside = Marker()

    def reads(first=inside, *, second=inside):
        return inside

    reads.attribute = inside
    return reads


def generator(argument):
    inside = argument
    yield inside
    yield from [inside]


def delegating(argument):
    yield from generator(argument)


async def coroutine(argument):
    inside = argument
    await asyncio.sleep(1000)
    return inside


async def async_generator(argument):
    inside = argument
    yield inside
    await asyncio.sleep(1000)


@types.coroutine
def pause():
    yield Marker()


async def paused(argument):
    await pause()
    return argument


def suspended(function, *args):
    """A generator or coroutine after its first step."""
    made = function(*args)
    made.send(None)
    return made


def exception():
    try:
        try:
            raise KeyError(Marker())
        except KeyError as inner:
            raise ValueError(Marker()) from inner
    except ValueError as error:
        if hasattr(error, "add_note"):
            error.add_note("a note")
        return error


def raised(call, *args):
    """What a call raises."""
    try:
        call(*args)
    except Exception as error:
        return error
    raise AssertionError("expected an error")


def cached(argument):
    return argument


def advanced(iterator, steps=1):
    """An iterator after some steps."""
    for _ in range(steps):
        next(iterator)
    return iterator


def ordered(**items):
    made = collections.OrderedDict(items)
    made.attribute = Marker()
    return made


def filled_deque(count):
    made = collections.deque(Marker() for _ in range(count))
    made.rotate(3)
    return made


def used_cache(maxsize, typed=False):
    cache = functools.lru_cache(maxsize=maxsize, typed=typed)(cached)
    for key in ("one", "two", 3, Color.RED):
        cache(key)
    cache(argument="keyword")
    cache.attribute = Marker()
    return cache


def loop_objects():
    """Futures and tasks in C, with callbacks, contexts and names; the loop stays open."""
    loop = asyncio.new_event_loop()
    future = loop.create_future()
    future.add_done_callback(lambda _: None)
    future.add_done_callback(lambda _: 1)
    done = loop.create_future()
    done.set_result(Marker())
    failed = loop.create_future()
    failed.set_exception(ValueError(Marker()))
    failed.exception()

    async def waits():
        await future

    task = loop.create_task(waits())
    task.add_done_callback(lambda _: None)
    loop.call_soon(loop.stop)
    loop.run_forever()
    return [loop, future, done, failed, task, future.__await__(), waits]


def element_tree():
    root = ElementTree.Element("root", {"k": "v"})
    for number in range(6):
        ElementTree.SubElement(root, "child", {"n": str(number)}).text = f"text {number}"
    root.tail = "the tail"
    builder = ElementTree.TreeBuilder(element_factory=lambda tag, attrs: ElementTree.Element(tag, attrs))
    builder.start("a", {"k": "v"})
    builder.data("some")
    parser = ElementTree.XMLParser(target=builder)
    return [root, root.iter(), advanced(root.itertext()), builder, parser, ElementTree.ElementTree(root)]


def contexts():
    variable = contextvars.ContextVar("variable", default=Marker())  # noqa: B039
    many = [contextvars.ContextVar(f"many{n}", default=n) for n in range(100)]
    context = contextvars.Context()

    def sets():
        for each in many:
            each.set(Marker())
        return variable.set(Marker())

    token = context.run(sets)
    return [variable, context, token, context.items(), iter(context), context.keys(), context.values(), many]


def weak():
    target, key = Marker(), Marker()
    return [
        target,
        key,
        weakref.ref(target, lambda _: None),
        weakref.proxy(target),
        weakref.WeakKeyDictionary({key: Marker()}),
        weakref.WeakValueDictionary(k=target),
        weakref.WeakSet([target]),
        weakref.WeakMethod(Plain().method),
        weakref.finalize(target, print, Marker()),
    ]


def numbers_of(text):
    return io.StringIO(text)


def io_objects():
    raw = io.BytesIO(b"0123456789" * 10)
    buffered = io.BufferedReader(io.BytesIO(b"lines\nlines\n"))
    text = io.TextIOWrapper(io.BytesIO(b"a\nb\n"), encoding="utf-8")
    text.readline()
    pair = io.BufferedRWPair(io.BytesIO(), io.BytesIO())
    file = open(__file__, encoding="utf-8")  # noqa: SIM115
    file.attribute = Marker()
    return [
        raw, raw.getbuffer(), buffered, text, pair, file, file.buffer, file.buffer.raw,
        io.StringIO("text"), io.BufferedWriter(io.BytesIO()), io.BufferedRandom(io.BytesIO()),
        io.IncrementalNewlineDecoder(None, True),
    ]  # fmt: skip


def databases():
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.create_function("f", 1, lambda x: x)
    cursor = connection.execute("select 1 as one union select 2")
    row = cursor.fetchone()
    return [connection, cursor, row, iter(row)]


def pickling():
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer)
    pickler.dump([Marker(), "text"])
    pickler.dispatch_table = {Marker: print}
    unpickler = pickle.Unpickler(io.BytesIO(pickle.dumps(["text", ["list"]])))
    unpickler.load()
    return [pickler, unpickler, pickler.memo, unpickler.memo]


def calls_c():
    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.py_object)
    def callback(argument):
        return 1

    target = ctypes.c_int(3)
    pointer = ctypes.pointer(target)
    structure = Structure(1, b"bytes", Marker())
    numbers = (ctypes.c_int * 4)(1, 2, 3, 4)
    library = ctypes.CDLL(None)
    function = library.strlen
    function.argtypes = [ctypes.c_char_p]
    function.errcheck = lambda result, function, arguments: result
    return [
        callback, target, pointer, pointer.contents, structure, numbers, library, function, ctypes.py_object(Marker()),
        ctypes.byref(target), ctypes.POINTER(ctypes.c_int), Structure.number, type(numbers), type(callback),
        ctypes.create_string_buffer(b"text"), ctypes.cast(numbers, ctypes.c_void_p),
    ]  # fmt: skip


def network():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda *_: None
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    left, right = socket.socketpair()
    chosen = selectors.DefaultSelector()
    chosen.register(left, selectors.EVENT_READ, Marker())
    return [
        context,
        incoming,
        outgoing,
        context.wrap_bio(incoming, outgoing, server_side=True),
        left,
        right,
        chosen,
    ]


def parsing():
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda *_: None
    parser.CharacterDataHandler = lambda *_: None
    pattern = re.compile("(?P<name>a)(b)?")
    return [
        parser, pattern, pattern.match("ab"), pattern.scanner("aaa"), pattern.finditer("aaa"), ast.parse("x = [1]"),
        csv.reader(["a,b"]), csv.writer(io.StringIO()), csv.get_dialect("excel"),
        json.scanner.make_scanner(json.JSONDecoder()), json.encoder.c_make_encoder(
            None, str, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True),
        string.Template("$x"), "{}".format, iter(string.Formatter().parse("{a}")),
    ]  # fmt: skip


def iterators():
    source = [Marker(), Marker(), Marker()]
    plain = {"k": Marker(), "l": Marker()}
    odd = collections.OrderedDict(plain)
    deck = collections.deque(source)
    made = [
        iter(source), reversed(source), iter(tuple(source)), iter(plain), iter(plain.values()), iter(plain.items()),
        reversed(plain), reversed(plain.values()), reversed(plain.items()), iter(set(source)), iter("text"), iter(b"bytes"),
        iter(bytearray(b"bytes")), iter(range(5)), iter(range(10**20, 10**20 + 5)), iter(memoryview(b"bytes")), iter(Marker, None),
        enumerate(source, 10**20), zip(source, source, strict=True), map(print, source), filter(None, source), reversed((1, 2)),
        iter(odd), iter(odd.values()), iter(odd.items()), reversed(odd), iter(deck), reversed(deck),
        plain.keys(), plain.values(), plain.items(), odd.keys(), iter(array.array("i", [1])), iter(Sequence()),
        struct.iter_unpack("i", b"12345678"), iter(types.MappingProxyType(plain)), re.finditer("a", "aa"),
    ]  # fmt: skip
    return [source, plain, odd, deck, *made, *(advanced(iter(each)) for each in (source, plain, odd, deck))]


class Sequence:
    def __getitem__(self, index):
        return [Marker()][index]


def tools_of_iteration():
    source = [Marker(), Marker(), Marker(), Marker()]
    first, second = itertools.tee(iter(source))
    groups = itertools.groupby(source, key=id)
    _, group = next(groups)
    chained = advanced(itertools.chain([Marker()], [Marker(), Marker()]))
    made = [
        itertools.count(10**20, Marker and 2), itertools.count(0.5), itertools.repeat(source[0], 3), advanced(itertools.cycle(source)),
        itertools.accumulate(source, lambda a, b: a, initial=Marker()), chained, itertools.chain.from_iterable(iter([source])),
        itertools.compress(source, source), itertools.dropwhile(bool, source), itertools.takewhile(bool, source),
        itertools.filterfalse(None, source), itertools.islice(iter(source), 2), itertools.starmap(print, [source]),
        itertools.zip_longest(source, [], fillvalue=Marker()), itertools.pairwise(source),
        itertools.product(source, source), itertools.permutations(source, 2), itertools.combinations(source, 2),
        itertools.combinations_with_replacement(source, 2), itertools.count(),
    ]  # fmt: skip
    batched = [advanced(itertools.batched(source, 2))] if hasattr(itertools, "batched") else []
    for each in made[3:]:
        with contextlib.suppress(StopIteration):
            next(each)
    return [source, advanced(first, 2), second, groups, group, *made, *batched]


def dates():
    zone = datetime.timezone(datetime.timedelta(hours=1), "name")
    return [
        zone, datetime.datetime(2000, 1, 1, tzinfo=zone), datetime.time(1, tzinfo=zone), datetime.date(2000, 1, 1),
        datetime.timedelta(1), datetime.timezone.utc, Zoned(2000, 1, 1, tzinfo=zone), datetime.datetime(2000, 1, 1),
        zoneinfo.ZoneInfo.no_cache("UTC") if zoneinfo.available_timezones() else zone,
    ]  # fmt: skip


class Zoned(datetime.datetime):
    """A datetime with a dict."""


def annotations():
    made = [
        list[int], dict[str, list[int]], int | str, typing.TypeVar("T", bound=Marker),
        typing.ParamSpec("P"), typing.ParamSpec("Q").args, typing.NewType("N", Marker), typing.ForwardRef("x"), typing.Union[int, str],  # noqa: UP007
        typing.Literal[1], typing.Callable[[int], str], collections.abc.Callable[[int], str],
    ]  # fmt: skip
    if sys.version_info >= (3, 12):
        scope = {}
        exec(
            "type Alias[T: (int, str)] = list[T]\ndef f[T, *Ts, **P](x: T) -> T: return x\nclass C[T]: x: T\n",
            scope,
        )
        made += [scope["Alias"], scope["Alias"][int], scope["f"], *scope["f"].__type_params__, scope["C"]]
    return made


def threads():
    lock = threading.RLock()
    local = threading.local()
    local.attribute = Marker()
    finished = threading.Thread(target=print, args=("",), kwargs={"end": ""})
    return [
        lock, local, finished, threading.Lock(), threading.Condition(), threading.Event(), queue.Queue(), queue.SimpleQueue(),
        filled_queue(), threading.Timer(1000, print), concurrent.futures.Future(),
    ]  # fmt: skip


def filled_queue():
    made = queue.SimpleQueue()
    for _ in range(3):
        made.put(Marker())
    return made


def structs():
    return [
        struct.Struct("ii"), time.gmtime(0), sys.version_info, sys.flags, sys.float_info, sys.thread_info,
        collections.namedtuple("Pair", "a b")(Marker(), 2), types.SimpleNamespace(a=Marker()), slice(Marker(), 2, 3), complex(1, 2),
        range(10**20, 10**21), memoryview(bytearray(b"abc")), memoryview(memoryview(b"abcd"))[1:3], array.array("d", [1.0] * 10),
        mmap.mmap(-1, 4096), random.Random(1), hashlib.sha256(b"x"), hmac.new(b"k", b"m", "sha256"), zlib.compressobj(),
        zlib.decompressobj(), bz2.BZ2Compressor(), lzma.LZMADecompressor(), unicodedata.ucd_3_2_0, decimal.Decimal("1.5"),
        decimal.getcontext(), decimal.localcontext(), types.GenericAlias(list, (Marker,)), operator.attrgetter("a.b", "c"),
        operator.itemgetter(Marker(), 1), operator.itemgetter(3), operator.methodcaller("m", Marker(), k=Marker()),
        collections.ChainMap({"k": Marker()}), collections.Counter("abc"), collections.defaultdict(Marker, k=Marker()),
        collections.UserDict(k=Marker()), types.MappingProxyType({"k": Marker()}), Color.RED, Color,
        functools.cmp_to_key(lambda a, b: 0), functools.cmp_to_key(lambda a, b: 0)(Marker()), functools.singledispatch(cached),
        functools.partialmethod(print, Marker()), types.CellType(Marker()), types.CellType(),
    ]  # fmt: skip


def callables():
    reads = closure()
    plain = Plain()
    with_attribute = functools.partial(reads, Marker(), k=Marker())
    with_attribute.attribute = Marker()
    return [
        reads, reads.__code__, reads.__closure__, plain, plain.method, plain.of_class, Plain.static, Plain.__dict__["of_class"],
        Plain.__dict__["static"], Plain.__dict__["prop"], Plain.__dict__["cached"], Plain.__dict__["__dict__"], Slots.__dict__["one"],
        Slots(), [].append, print, "x".upper, str.upper, dict.fromkeys, int.real, Plain.__init__, object().__str__, str.__add__,
        (1).__add__, super(Plain, plain), super(Plain), Meta, OfMeta, int, Plain, types.ModuleType("made"), sys, operator,
        with_attribute, functools.partial(print), used_cache(None), used_cache(0), used_cache(2), used_cache(100, True),
        used_cache(3).__wrapped__, types.DynamicClassAttribute(lambda: 1), type(plain).__dict__, lambda: plain,
        bytes.maketrans, dict.__dict__["fromkeys"], sys._getframe, type.__dict__["__mro__"],
    ]  # fmt: skip


def suspensions():
    asking = async_generator(Marker())
    step = asking.asend(None)
    ended = generator(Marker())
    list(ended)
    fresh = async_generator(Marker())
    return [
        generator(Marker()), suspended(generator, Marker()), advanced(delegating(Marker()), 2), ended, suspended(paused, Marker()),
        paused(Marker()).__await__(), asking, step, fresh.athrow(ValueError), fresh.aclose(), anext(fresh, Marker()), aiter(fresh),
    ]  # fmt: skip


def errors():
    error = exception()
    trace = error.__traceback__
    made = [
        error, error.__cause__, trace, trace.tb_frame, OSError(1, Marker(), "file"), SystemExit(Marker()), StopIteration(Marker()),
        UnicodeDecodeError("ascii", b"x", 0, 1, "why"), UnicodeEncodeError("ascii", "x", 0, 1, "why"), ImportError("m", name="n", path="p"),
        SyntaxError("m", ("file", 1, 2, "text")), raised(getattr, Marker(), "absent"), raised(eval, "absent"),
        KeyError(Marker()), StopAsyncIteration(Marker()),
    ]  # fmt: skip
    if sys.version_info >= (3, 11):
        made.append(ExceptionGroup("group", [ValueError(Marker())]))  # noqa: F821
    return made


def containers():
    cyclic = []
    cyclic.append(cyclic)
    return [
        [Marker()], (Marker(), Marker()), {Marker()}, frozenset([Marker()]), {"k": Marker(), Marker(): 1}, ordered(k=Marker(), l=Marker()),
        filled_deque(3), filled_deque(200), collections.deque([Marker()], maxlen=3), cyclic, bytearray(b"abc"), collections.deque(),
    ]  # fmt: skip


GROUPS = [
    annotations, callables, calls_c, containers, contexts, databases, dates, element_tree, errors, io_objects, iterators, loop_objects,
    network, parsing, pickling, structs, suspensions, threads, tools_of_iteration, weak,
]  # fmt: skip


def samples():
    """All of them, by group."""
    return {group.__name__: group() for group in GROUPS}

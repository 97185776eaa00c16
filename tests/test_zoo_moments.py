"""Captures at moments when the interpreter is in the middle of something: freeing, collecting, tracing, ending."""

import pytest


def test_objects_that_are_being_freed(run_python):
    run_python(
        """
        import gc, sys, weakref, refroots
        from oracles import assert_captured_truly, phantom_references

        captures, made_up = [], []
        def look(*args):
            captures.append(len(refroots.capture()))
            if len(captures) % 50 == 0:
                made_up.append(phantom_references())

        class Plain: pass
        class Looks:
            def __del__(self): look()
        class Uncollected:  # the collector does not know it: its __del__ runs while cycles are being cleared
            __slots__ = ()
            def __del__(self): look()
        class Resurrects:
            def __del__(self):
                look()
                KEPT.append(self)
        KEPT = []

        def returns_with(n):
            first, second, third = [n], Looks(), {"x": Looks()}
            del second
            cell = Looks()
            def inner(): return cell
            frame = sys._getframe() if n % 2 else None
            return None

        def generates():
            local = Looks()
            try:
                yield local
            finally:
                look()

        for n in range(30):
            returns_with(n)
            generating = generates()
            next(generating)
            generating.close() if n % 2 else generating.__del__()
            del generating
            holder = Plain()
            holder.a, holder.b, holder.c = Looks(), [Looks()], {"k": Looks(), "l": (Looks(),)}
            holder.a = None
            holder.b.clear()
            holder.c.pop("k")
            vars(holder)["d"] = Looks()
            holder.__dict__ = {"e": Looks()}
            holder.__dict__.clear()
            del holder
            cycle = [Looks(), Uncollected(), Plain()]
            cycle.append(cycle)
            cycle[2].me, cycle[2].cycle, cycle[2].looks = cycle[2], cycle, Uncollected()
            cycle[2].function = lambda cycle=cycle: cycle
            weak = weakref.ref(cycle[2], look)
            proxy = weakref.proxy(cycle[2], look)
            Gone = type("Gone", (Plain,), {"looks": Looks(), "uncollected": Uncollected(), "__slots__": ("p",)})
            gone = Gone()
            gone.p, gone.q = Uncollected(), [Gone]
            del cycle, Gone, gone
            gc.collect()
            KEPT.append(Resurrects())
            KEPT.clear()
            exception = ValueError(Looks())
            exception.__context__, exception.x = exception, Looks()
            del exception
            gc.collect()
        for make in (lambda inner: [inner], lambda inner: (inner,), lambda inner: {"k": inner}, lambda inner: {0: inner, 1: 1}):
            for _ in range(3):
                nested = make(Looks())
                for _ in range(100_000):
                    nested = make(nested)
                del nested
        assert len(captures) > 500, len(captures)
        made_up = [found for found in made_up if found]
        assert not made_up, made_up
        gc.collect()
        assert_captured_truly()
        """
    )


def test_captures_inside_hooks(run_python):
    run_python(
        """
        import atexit, codecs, contextlib, gc, importlib.abc, os, signal, sys, threading, time, refroots
        from oracles import assert_captured_truly

        captures = []
        def look(*args):
            captures.append(len(refroots.capture()))

        class Node: pass
        def work(n):
            local = [n]
            def inner():
                return local
            return sum(i for i in range(3)) + len(inner())

        # The collector
        gc.callbacks.append(look)
        for i in range(20):
            node = Node()
            node.me = node
            gc.collect(i % 3)
        gc.callbacks.clear()
        # Signals, while other code runs
        def alarmed(*args):
            look()
            signal.setitimer(signal.ITIMER_REAL, 0.0003)
        signal.signal(signal.SIGALRM, alarmed)
        alarmed()
        while len(captures) < 80:
            work(1), [{}] * 10, sorted(range(100), key=lambda n: -n)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        # Tracing and profiling
        def trace(frame, event, arg):
            look()
            frame.f_trace_opcodes = True
            return trace
        sys.settrace(trace)
        work(1)
        sys.settrace(None)
        sys.setprofile(look)
        work(1)
        sys.setprofile(None)
        threading.settrace(trace)
        thread = threading.Thread(target=work, args=(1,))
        thread.start(), thread.join()
        threading.settrace(None)
        if sys.version_info >= (3, 12):
            monitoring = sys.monitoring
            monitoring.use_tool_id(3, "zoo")
            every = [getattr(monitoring.events, name) for name in dir(monitoring.events) if name.isupper()]
            every = [event for event in every if event.bit_count() == 1]  # 3.14 has one that is two others
            wanted = sum(event for event in every if event not in (monitoring.events.C_RAISE, monitoring.events.C_RETURN))
            for event in every:
                monitoring.register_callback(3, event, look)
            monitoring.set_events(3, wanted)
            work(1)
            try:
                work("x")
                None + 1
            except TypeError:
                pass
            monitoring.set_events(3, 0)
            monitoring.free_tool_id(3)
        # Audit hooks, one of which would ask for captures inside its own
        on, inside = True, False
        def heard(event, args):
            global inside
            if on and not inside:
                inside = True
                look()
                inside = False
        sys.addaudithook(heard)
        gc.get_objects(), open(os.devnull).close(), compile("1", "", "eval"), sys._getframe(), gc.get_referrers(Node)
        on = False
        # Imports, codecs, display, exceptions that nobody catches
        class Finder(importlib.abc.MetaPathFinder):
            def find_spec(self, *args): look()
        sys.meta_path.insert(0, Finder())
        import colorsys
        with contextlib.suppress(ImportError):
            import no_such_module
        del sys.meta_path[0]
        codecs.register(look)
        with contextlib.suppress(LookupError):
            "x".encode("no-such-codec")
        codecs.register_error("look", lambda error: look() or ("", error.end))
        "é".encode("ascii", "look")
        sys.unraisablehook = sys.displayhook = threading.excepthook = look
        sys.displayhook(1)
        class Raises:
            def __del__(self): raise ValueError
        Raises()
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start(), thread.join()
        pid = os.fork()
        if pid == 0:
            look(), os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
        os.register_at_fork(before=look, after_in_child=look, after_in_parent=look)
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        atexit.register(look)
        assert len(captures) > 200, len(captures)
        sys.unraisablehook, sys.displayhook, threading.excepthook = sys.__unraisablehook__, sys.__displayhook__, threading.__excepthook__
        assert_captured_truly()
        """
    )


def test_captures_while_the_interpreter_ends(run_python):
    out = run_python(
        """
        import atexit, builtins, collections, sys, threading, types, weakref, refroots

        class Late:
            def __init__(self, when): self.when = when
            def __del__(self, capture=refroots.capture, write=sys.stdout.write):
                try:
                    capture()
                finally:
                    write(self.when + "\\n")
        def forever():
            while True:
                refroots.capture()
        for _ in range(3):
            threading.Thread(target=forever, daemon=True).start()
        atexit.register(Late("atexit").__del__)
        sys.modules["late"] = types.ModuleType("late")
        sys.modules["late"].late = Late("other module")
        collections.late = Late("collections")
        builtins.late = Late("builtins")
        sys.late = Late("sys")
        weakref.finalize(Late, refroots.capture)
        local = threading.local()
        local.late = Late("thread")
        print("ended", flush=True)
        """
    )
    assert out.splitlines()[0] == "ended"
    assert {"atexit", "other module", "collections", "builtins", "sys"} <= set(out.splitlines())


def test_threads_that_outlive_the_program(run_python):
    for _ in range(5):
        out = run_python(
            """
            import threading, time, refroots

            def forever():
                while True:
                    refroots.capture()
                    refroots.objects("Thread")
            for _ in range(10):
                threading.Thread(target=forever, daemon=True).start()
            time.sleep(0.05)
            print("ended", flush=True)
            """
        )
        assert out.strip() == "ended"


def test_suspended_and_running_generators(run_python):
    run_python(
        """
        import asyncio, contextvars, sys, types, refroots
        from oracles import assert_captured_truly, phantom_references

        captures, made_up = [], []
        def look():
            captures.append(len(refroots.capture()))
            if len(captures) % 100 == 0:
                made_up.append(phantom_references())

        def counts(n):
            local = [n]
            look()
            yield local
            try:
                yield from counts(n - 1) if n else ()
            finally:
                look()
        async def ticks(n):
            for i in range(n):
                local = [i]
                look()
                yield local
                await asyncio.sleep(0)
        class Awaits:
            def __await__(self):
                look()
                yield from asyncio.sleep(0).__await__()
        @types.coroutine
        def old():
            look()
            yield
        async def nested(n):
            local = [n]
            await Awaits()
            await old()
            look()
            return await nested(n - 1) if n else local
        async def works():
            async for local in ticks(3):
                look()
            [x async for x in ticks(2)]
            stopped = ticks(3)
            await stopped.__anext__()
            await stopped.aclose()
            thrown = ticks(3)
            await thrown.__anext__()
            try:
                await thrown.athrow(ValueError)
            except ValueError:
                look()
            return await nested(5)
        async def main():
            waiting = [asyncio.ensure_future(nested(3)) for _ in range(3)]
            future = asyncio.get_running_loop().create_future()
            future.add_done_callback(lambda done: look())
            held = asyncio.ensure_future(asyncio.wait_for(future, 10))
            await asyncio.sleep(0)
            cancelled = asyncio.ensure_future(asyncio.sleep(100))
            await asyncio.sleep(0)
            cancelled.cancel()
            future.set_result([1])
            await asyncio.gather(works(), held, cancelled, *waiting, return_exceptions=True)
            contextvars.copy_context().run(look)

        for _ in range(4):
            list(counts(6))
            thrown = counts(4)
            next(thrown), next(thrown)
            try:
                thrown.throw(ValueError)
            except ValueError:
                look()
            half = counts(5)
            next(half), next(half), next(half)
            asyncio.run(main())
        running = counts(3)
        next(running)
        assert len(captures) > 300, len(captures)
        assert not [found for found in made_up if found], made_up
        assert_captured_truly()
        """
    )


def test_greenlets_that_have_switched(run_python):
    pytest.importorskip("greenlet")
    run_python(
        """
        import greenlet, refroots
        from oracles import assert_captured_truly, phantom_references

        captures = []
        def deep(n):
            local = [n]
            if n:
                return deep(n - 1)
            captures.append(len(refroots.capture()))
            greenlet.getcurrent().parent.switch(local)
            captures.append(len(refroots.capture()))
            assert phantom_references() == {}
        several = [greenlet.greenlet(deep) for _ in range(20)]
        for _ in range(2):
            for n, one in enumerate(several):
                one.switch(n) if not one else one.switch()
                refroots.capture()
        abandoned = [greenlet.greenlet(deep) for _ in range(20)]
        for n, one in enumerate(abandoned):
            one.switch(n)
        refroots.capture()
        del abandoned, one
        refroots.capture()
        assert_captured_truly()
        """
    )


INTERPRETERS = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
def run(interpreter, source):
    run_string = getattr(interpreters, "run_string", None) or interpreters.exec
    return run_string(interpreter, source)
"""


def test_other_interpreters_that_exist_and_run(run_python):
    run_python(
        INTERPRETERS
        + """
import threading, refroots
from oracles import assert_captured_truly

several = [interpreters.create() for _ in range(4)]
for interpreter in several:
    run(interpreter, "import json, threading\\nclass Own: pass\\nkept = [Own() for _ in range(1000)]")
    refroots.capture()
busy = "for i in range(300):\\n    more = [Own() for _ in range(300)]\\n    exec(f'class C{i}(dict): x = {i}')"
threads = [threading.Thread(target=run, args=(interpreter, busy)) for interpreter in several]
for thread in threads:
    thread.start()
for _ in range(30):
    heap = refroots.capture()
for thread in threads:
    thread.join()
assert_captured_truly()
for interpreter in several:
    interpreters.destroy(interpreter)
    refroots.capture()
assert_captured_truly()
"""
    )


def test_a_capture_inside_another_interpreter_works_or_says_why_not(run_python):
    program = """
import refroots
try:
    import sys
    program = "import refroots\\\\nfor _ in range(5): heap = refroots.capture()\\\\nassert len(heap) > 1000"
    interpreter = interpreters.create()
    failed = run(interpreter, program)
    print("captured" if failed is None else failed)
except Exception as error:
    print(error)
print(len(refroots.capture()) > 1000)
"""
    out = run_python(INTERPRETERS + program.replace("\\\\n", "\\n"))
    said, after = out.strip().rsplit("\n", 1)
    assert "captured" in said or "ImportError" in said or "subinterpreters" in said, said
    assert after == "True"


def test_an_embedded_look_after_modules_are_gone(run_python):
    out = run_python(
        """
        import sys, refroots

        capture, write = refroots.capture, sys.stdout.write
        sys.modules.clear()
        capture(), capture()
        sys.modules[5], sys.modules["x"] = 1, None
        capture()
        del sys.modules
        capture()
        write("captured")
        sys.stdout.flush()
        """
    )
    assert out == "captured"

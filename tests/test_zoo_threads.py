"""The zoo at work: threads that change objects in flight, many threads, deep stacks, garbage that is kept, frozen heaps."""

import sys

import pytest


def test_classes_assigned_in_flight_by_other_threads(run_python):
    run_python(
        """
        import sys, threading, refroots
        from oracles import assert_captured_truly, phantom_references

        sys.setswitchinterval(1e-5)
        class A: pass
        class B: pass
        class S:
            __slots__ = ("a", "b")
        class T:
            __slots__ = ("a", "b")
        instances, slotted, stop = [A() for _ in range(100)], [S() for _ in range(100)], threading.Event()
        shared = {"list": [], "set": set(), "dict": {}, "class": A}

        def assign():
            while not stop.is_set():
                for i, obj in enumerate(instances):
                    obj.__class__ = B if obj.__class__ is A else A
                    setattr(obj, f"x{i % 40}", [i])
                    if i % 3 == 0:
                        obj.__dict__
                    if i % 5 == 0:
                        obj.__dict__ = {"y": [i]}
                    if i % 7 == 0:
                        obj.__dict__.clear()

        def slots():
            while not stop.is_set():
                for obj in slotted:
                    obj.__class__ = T if type(obj) is S else S
                    obj.a = [obj]
                    obj.b = None
                    del obj.a

        def containers():
            i = 0
            while not stop.is_set():
                i += 1
                shared["list"].append([i])
                shared["dict"][f"k{i % 500}"] = (i, [i])
                shared["set"].add((i % 500,))
                if i % 1000 == 0:
                    shared["list"].clear(), shared["dict"].clear(), shared["set"].clear()

        def classes():
            i = 0
            while not stop.is_set():
                i += 1
                made = type(f"Made{i}", (shared["class"],), {"x": [i], "__slots__": ("p",) if i % 2 else ()})
                made.added, made.__module__, made.__qualname__ = [i], f"m{i}", f"q.{i}"
                instance = made()
                A.changing = instance
                del A.changing, made.added
                made.__bases__ = (A,)

        def generators():
            def inner(n):
                local = [n]
                yield local
                yield from (inner(n - 1) if n else ())
            while not stop.is_set():
                running = inner(20)
                for _ in range(15):
                    next(running)

        threads = [threading.Thread(target=work) for work in (assign, slots, containers, classes, generators)]
        for thread in threads:
            thread.start()
        for _ in range(40):
            refroots.capture()
        phantoms = [phantom_references() for _ in range(3)]
        stop.set()
        for thread in threads:
            thread.join()
        assert phantoms == [{}, {}, {}], phantoms
        assert_captured_truly()
        """
    )


@pytest.mark.parametrize("depth", [900, pytest.param(90_000, marks=pytest.mark.skipif(
    sys.version_info < (3, 11), reason="a call from Python to Python takes C stack on 3.10"))])  # fmt: skip
def test_deep_recursion(run_python, depth):
    run_python(
        f"""
        import sys, threading, refroots

        sys.setrecursionlimit(100_000)
        FIRST = []
        def deep(n):
            local = [n]
            FIRST.append(id(local))
            if n:
                return deep(n - 1)
            for _ in range(5):
                heap = refroots.capture()
            assert not heap.notes or sys.version_info < (3, 11)
            holders = {{r.name for r in heap[local].referrers}}
            lists = {{node.address for node in heap.find("builtins.list")}}
            assert not set(FIRST) - lists  # each is there
            return heap.notes or holders
        found = deep({depth})
        assert found == {{"local"}} or sys.version_info < (3, 11), found
        """
    )


def test_two_hundred_threads(run_python):
    run_python(
        """
        import threading, refroots
        from oracles import phantom_references

        ready, done = threading.Barrier(201), threading.Event()
        def work(n):
            local = [n]
            ready.wait()
            done.wait()
            return local
        threads = [threading.Thread(target=work, args=(n,), name=f"t{n}") for n in range(200)]
        for thread in threads:
            thread.start()
        ready.wait()
        for _ in range(10):
            heap = refroots.capture()
        phantoms = phantom_references()
        done.set()
        for thread in threads:
            thread.join()
        assert phantoms == {}, phantoms
        """
    )


def test_garbage_that_is_kept_and_heaps_that_are_frozen(run_python):
    run_python(
        """
        import gc, refroots
        from oracles import assert_captured_truly

        class Node: pass
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        for i in range(200):
            node = Node()
            node.me, node.more = node, [node]
            if i % 20 == 0:
                gc.collect(i % 3)
                gc.freeze()
                len(refroots.capture())
            if i % 60 == 0:
                gc.unfreeze()
        assert len(refroots.objects("Node")) == 200
        gc.freeze()
        assert len(refroots.objects("Node")) == 200
        gc.unfreeze()
        assert len(gc.garbage) > 100 and not gc.isenabled()
        assert_captured_truly()
        gc.set_debug(0)
        gc.garbage.clear()
        """
    )

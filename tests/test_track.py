"""`refroots.track()`: what a block of code leaves behind, and what `refroots.grew` says of several."""


def test_blocks_inside_of_blocks_tell_their_own(run_python):
    run_python("""
        import refroots

        class Foo:
            pass

        with refroots.track() as outer:
            first = Foo()
            with refroots.track() as inner:
                second = Foo()
        of_foo = lambda growth: [obj.address for obj in growth.new if obj.type == "__main__.Foo"]
        assert of_foo(inner) == [id(second)]
        assert sorted(of_foo(outer)) == sorted([id(first), id(second)])
        # Marks of the inner captures do not make the outer difference unsure.
        assert len(outer.unsure) * 100 < outer.survivors, outer
        assert not any("refroots" in obj.type for growth in (outer, inner) for obj in growth.new)
        assert outer.by_type()["__main__.Foo"].count == 2
    """)


def test_a_block_that_raises_is_told_and_its_exception_goes_on(run_python):
    run_python("""
        import refroots

        class Foo:
            pass

        kept = []
        growth = refroots.track()
        for early in (lambda: growth.new, lambda: growth.by_type(), lambda: growth.why()):
            try:
                early()
            except RuntimeError as error:
                assert "has not ended" in str(error)
            else:
                raise AssertionError
        try:
            with growth:
                kept.append(Foo())
                raise ValueError("on its way")
        except ValueError as error:
            assert str(error) == "on its way"
        assert [reason.signature for reason in growth.why() if "kept" in reason.signature] == ["__main__.kept[*]"]
        try:
            with growth:
                pass
        except RuntimeError as error:
            assert "one for each block" in str(error)
        else:
            raise AssertionError
    """)


def test_what_grows_in_every_round_is_a_leak_and_a_cache_that_fills_is_none(run_python):
    run_python("""
        import refroots

        LEAK, CACHE, heaps = [], {}, []

        def work(number):
            LEAK.append({"number": number})
            CACHE[number % 2] = [number]

        for number in range(4):
            work(number)
            heaps.append(refroots.capture())
        rows = {row.path: row for row in refroots.grew(*heaps)}
        assert rows["__main__.LEAK[*]"].counts == [1, 2, 3, 4]
        assert rows["__main__.LEAK[*]"].type == "dict"
        sizes = rows["__main__.LEAK[*]"].sizes
        assert sorted(sizes) == sizes and sizes[0] > 0
        assert not any("CACHE" in path for path in rows), rows
        try:
            refroots.grew(heaps[0])
        except ValueError as error:
            assert "two heaps" in str(error)
        else:
            raise AssertionError
        assert len(refroots.grew(heaps[0], heaps[0])) == 0
    """)


def test_work_that_another_thread_has_begun_comes_after_what_stays(run_python):
    """Several threads that are each just building a list have by chance more in it at each capture."""
    run_python("""
        import queue
        import threading
        import time

        import refroots

        KEPT, numbers, heaps = [], queue.SimpleQueue(), []

        class Kept:
            pass

        def build():
            return len([{"number": number} for number in iter(numbers.get, None)])

        building = threading.Thread(target=build)
        building.start()
        for _ in range(3):
            for number in range(1000):
                numbers.put(number)
            while not numbers.empty():
                time.sleep(0.001)
            KEPT.append(Kept())
            heaps.append(refroots.capture())
        numbers.put(None)
        building.join()
        kept, begun = [row for row in refroots.grew(*heaps) if "KEPT" in row.path or row.type == "dict"]
        assert kept.path == "__main__.KEPT[*]" and kept.counts == [1, 2, 3], kept
        assert "evaluation stack)" in begun.path, begun  # 3.14 says how deep the stack is, the others do not
        assert begun.sizes[-1] - begun.sizes[0] > 100 * (kept.sizes[-1] - kept.sizes[0]), (kept, begun)
    """)

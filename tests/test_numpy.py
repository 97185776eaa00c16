"""Arrays of numpy: elements, bases and dtypes, which no traverse shows, and the memory that an array owns."""

import sys

import pytest
import refroots

numpy = pytest.importorskip("numpy")


class Element:
    pass


def names(heap, obj):
    return {reference.name: reference.target.address for reference in heap[obj].referents}


def test_elements_of_object_arrays_are_named():
    row = numpy.array([Element(), Element()], dtype=object)
    grid = numpy.empty((2, 3), dtype=object)
    grid[1, 2] = Element()
    transposed = numpy.asfortranarray(grid)
    heap = refroots.capture()
    assert names(heap, row)["[1]"] == id(row[1])
    assert names(heap, grid)[".flat[5]"] == id(grid[1, 2])
    assert names(heap, transposed)[".flat[5]"] == id(grid[1, 2])
    assert heap[grid[1, 2]].external in (0, 1)
    assert heap.why(row[0]).references[-1].name == "[0]"


def test_objects_in_fields_of_structured_arrays_are_named():
    inner = numpy.dtype([("deep", "O"), ("number", "i4")])
    dtype = numpy.dtype([("number", "i8"), ("object", "O"), ("inner", inner)])
    table = numpy.zeros(2, dtype=dtype)
    table["object"][1], table["inner"]["deep"][0] = Element(), Element()
    heap = refroots.capture()
    assert names(heap, table)[".flat[1]['object']"] == id(table["object"][1])
    assert names(heap, table)[".flat[0]['inner']['deep']"] == id(table["inner"]["deep"][0])
    assert names(heap, dtype)[".names"] == id(dtype.names)
    # Nothing is told twice.
    for obj in (table, dtype, inner):
        told = [(reference.name, reference.target.address) for reference in heap[obj].referents]
        assert len(told) == len(set(told))


def test_a_view_holds_its_base_and_owns_no_items():
    class Sub(numpy.ndarray):
        pass

    whole = numpy.array([Element()] * 100, dtype=object)
    view, sub = whole[1:], whole.view(Sub)
    sub.attribute = Element()
    heap = refroots.capture()
    assert names(heap, view) == {".base": id(whole), ".dtype": id(view.dtype)}
    assert names(heap, sub)[".base"] == id(whole)
    for array in (whole, view):
        assert heap[array].size == sys.getsizeof(array)
    # Every one of the hundred places holds the one element, and nothing else but the capture's own frame.
    assert len([r for r in heap[whole[0]].referrers if r.source.address == id(whole)]) == 100
    assert heap[whole[0]].external == 0 or sys.version_info < (3, 11)


@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 4, 5)])
@pytest.mark.parametrize("dtype", ["f8", "i1", "O", "U5", "M8[s]", [("a", "i4"), ("b", "O")]])
def test_sizes_are_those_of_getsizeof(shape, dtype):
    array = numpy.zeros(shape, dtype=dtype)
    view = array.T
    heap = refroots.capture()
    assert heap[array].size == sys.getsizeof(array)
    assert heap[view].size == sys.getsizeof(view)

"""Lets ``refroots run`` look at a program that Python itself runs, and takes away how it came in.

``refroots run`` starts Python with this folder first on PYTHONPATH, so that ``site`` imports this
file before the program begins. Whatever is told here must be as if it had not been.
"""


def _clean_up():
    """Restores what the program can see, and returns what REFROOTS_RUN said."""
    import os
    import sys

    folder = os.path.dirname(__file__)
    order = os.environ.pop("REFROOTS_RUN", None)
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path_importer_cache.pop(folder, None)
    if order is None:
        return None
    pid, was_set, kind, look = order.split(" ", 3)
    rest = os.environ.get("PYTHONPATH", "")[len(folder) + 1 :]
    if was_set == "set":
        os.environ["PYTHONPATH"] = rest
    else:
        os.environ.pop("PYTHONPATH", None)
    # A process that was started before this one came here has the same order, and is not meant.
    return (look, kind == "module") if int(pid) == os.getpid() else None


def _begin(look, is_module):
    """Loads the package that this file belongs to, wherever sys.path leads, and arranges the look."""
    import os
    import sys

    cached = list(sys.path_importer_cache)
    try:
        # The two are always loaded, so that the program finds no module that it did not import.
        import _frozen_importlib
        import _frozen_importlib_external

        package = os.path.dirname(os.path.dirname(__file__))
        spec = _frozen_importlib_external.spec_from_file_location(
            "refroots", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
        )
        _frozen_importlib._load(spec)
        from refroots import _native

        _native.begin(look, is_module)
        for path in set(sys.path_importer_cache).difference(cached):
            del sys.path_importer_cache[path]
    except Exception as error:
        os.write(2, f"refroots: cannot look at this program: {error}\n".encode("utf-8", "replace"))
        os._exit(3)


def _import_the_real_one():
    """Imports the sitecustomize that Python would have found; raises what that raises."""
    import sys

    del sys.modules["sitecustomize"]
    import sitecustomize  # noqa: F401


_look = _clean_up()
if _look is not None:
    _begin(*_look)
_import_the_real_one()

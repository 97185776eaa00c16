"""Graphviz and its viewer, called as objgraph calls them."""

import os

import refroots.objgraph as _module


def _program_in_path(program):
    """Say whether a directory of PATH has a file of this name, or with .exe behind it."""
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    names = [os.path.join(place, program + ending) for place in places for ending in ("", ".exe")]
    return any(map(os.path.isfile, names))


def _present_graph(dot_filename, filename=None):
    """Show a DOT file, or have the picture made that `filename` names."""
    if filename == dot_filename:
        return
    if not filename:
        if _module._program_in_path("xdot"):
            _module._say("Spawning graph viewer (xdot)")
            _module.subprocess.Popen(["xdot", dot_filename], close_fds=True)
            return
        if not _module._program_in_path("dot"):
            _module._say("Graph viewer (xdot) and image renderer (dot) not found, not doing anything else")
            return
        _module._say("Graph viewer (xdot) not found, generating a png instead")
        filename = os.path.splitext(dot_filename)[0] + ".png"
    elif not _module._program_in_path("dot"):
        _module._say("Image renderer (dot) not found, not doing anything else")
        return
    command = ["dot", "-T" + os.path.splitext(filename)[1][1:], "-o" + filename, dot_filename]
    dot = _module.subprocess.Popen(command, close_fds=False)
    dot.wait()
    if dot.returncode != 0:
        _module._say('dot failed (exit code %d) while executing "%s"' % (dot.returncode, " ".join(command)))
    else:
        _module._say(f"Image generated as {filename}")

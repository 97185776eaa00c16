"""Capture in a forked child: the same heap, a pause of a fork, and an error with the reason whatever ends the child."""

import os
import sys
import threading

import pytest
import refroots

BEGIN = """
import os, resource, signal, sys, threading, time
import refroots

class Kept:
    def __init__(self, number):
        self.number, self.text = number, str(number)

kept = [Kept(number) for number in range(COUNT)]

def children():
    found = []
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/children") as file:
            found += map(int, file.read().split())
    return found

def descriptors():
    return sorted(os.listdir("/proc/self/fd"))

before = descriptors()

def clean():
    assert children() == [], "a zombie or a child that still runs"
    assert len(descriptors()) == len(before), "a descriptor stays open"
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []), "signals stay blocked"
"""


def begin(count):
    return BEGIN.replace("COUNT", str(count))


def test_a_child_captures_the_same_heap(run_python):
    out = run_python(
        begin(1000)
        + """
def other(started, done):
    local = Kept(-1)
    started.set()
    done.wait()

started, done = threading.Event(), threading.Event()
thread = threading.Thread(target=other, args=(started, done), name="waits", daemon=True)
thread.start()
started.wait()
here, there = refroots.capture(), refroots.capture(fork=True)
print(len(there.find("Kept")), [o.address for o in here.find("Kept")] == [o.address for o in there.find("Kept")])
def outline(heap, obj):
    node = heap[obj]
    names = [(r.kind, r.name, r.target.address, r.target.type, r.target.text) for r in node.referents]
    return node.type, node.size, node.refcount, node.text, names, str(heap.why(obj)).split("#")[0]
for obj in (kept, kept[7], Kept, sys.modules, print, os):
    assert outline(here, obj) == outline(there, obj), obj
print(there.why(kept[7]).expression)
lost = [o for o in there.find("Kept") if o.address not in set(map(id, kept))]
print([o.chain().root.text.split(", ")[-1] for o in lost])
print(0 < there.pause < 10)
done.set(), thread.join()
clean()
for _ in range(100):
    refroots.capture(fork=True)
clean()
"""
    )
    same, expression, roots, pause = out.splitlines()
    assert same == "1001 True"
    assert expression == "__main__.kept[7]"
    assert roots == "['waits)']"
    assert pause == "True"


def test_a_child_that_is_killed_is_an_error(run_python):
    out = run_python(
        begin(300_000)
        + """
def kills():
    while not children():
        time.sleep(0.0005)
    os.kill(children()[0], signal.SIGKILL)

killer = threading.Thread(target=kills)
killer.start()
try:
    refroots.capture(fork=True)
except RuntimeError as error:
    print(error)
killer.join()
clean()
print(len(refroots.capture(fork=True)) > 300_000)
"""
    )
    assert out.splitlines() == [
        "the child that captured was killed by signal 9, as the kernel does when memory runs out;"
        " capture() without fork needs less memory",
        "True",
    ]


def test_a_heap_that_cannot_be_handed_over_is_an_error(run_python):
    out = run_python(
        begin(10_000)
        + """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    refroots.capture(fork=True)
except OSError as error:
    print(error)
clean()
"""
    )
    assert out.startswith("the child that captured could not hand its heap over: File too large")


def test_a_heap_without_room_is_an_error_with_both_figures(run_python):
    out = run_python(
        begin(300_000)
        + """
with open("/proc/self/statm") as statm:
    size = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (60 << 20), resource.RLIM_INFINITY))
try:
    refroots.capture(fork=True)
except MemoryError as error:
    print(error)
clean()
"""
    )
    assert "MiB and" in out and "are left" in out


def test_no_child_is_an_error(run_python):
    out = run_python(
        begin(10)
        + """
if os.getuid() == 0:
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
try:
    refroots.capture(fork=True)
except OSError as error:
    print(type(error).__name__, error.errno, error)
clean()
"""
    )
    assert out.startswith("BlockingIOError 11") and "no child could be forked" in out


@pytest.mark.parametrize("handler", ["signal.SIG_IGN", "lambda *_: seen.append(os.waitpid(-1, os.WNOHANG))"])
def test_a_program_that_waits_for_all_children_is_not_confused(run_python, handler):
    out = run_python(
        begin(1000)
        + f"""
seen = []
def reaps(*_):
    try:
        seen.append(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        pass
handler = {handler}
signal.signal(signal.SIGCHLD, handler if handler == signal.SIG_IGN else reaps)
for _ in range(20):
    assert len(refroots.capture(fork=True)) > 1000
clean()
print("done")
"""
    )
    assert out.strip() == "done"


def test_ctrl_c_ends_the_wait_and_the_child(run_python):
    out = run_python(
        begin(400_000)
        + """
def interrupts():
    while not children():
        time.sleep(0.0005)
    os.kill(os.getpid(), signal.SIGINT)

thread = threading.Thread(target=interrupts)
thread.start()
try:
    refroots.capture(fork=True)
except KeyboardInterrupt:
    print("interrupted")
thread.join()
clean()
"""
    )
    assert out.strip() == "interrupted"


def test_other_threads_run_while_the_child_captures():
    counted = []
    stop = threading.Event()

    def counts():
        while not stop.is_set():
            counted.append(None)

    thread = threading.Thread(target=counts)
    thread.start()
    try:
        before = len(counted)
        heap = refroots.capture(fork=True)
        assert len(counted) > before
    finally:
        stop.set()
        thread.join()
    assert heap[counted].type == "list"


def test_the_child_keeps_no_descriptor_of_the_program(run_python):
    out = run_python(
        begin(300_000)
        + """
readable, writable = os.pipe()
found = {}
def looks():
    while not children():
        time.sleep(0.0002)
    child = children()[0]
    # Until the child has closed what it inherited.
    while True:
        try:
            found[0] = [os.readlink(f"/proc/{child}/fd/{name}") for name in os.listdir(f"/proc/{child}/fd")]
        except OSError:
            continue
        if len(found[0]) <= 2:
            return
thread = threading.Thread(target=looks, daemon=True)
thread.start()
refroots.capture(fork=True)
thread.join(10)
print(sorted(name.split(":")[0].split("(")[0].strip() for name in found[0]))
"""
    )
    assert out.strip() == "['/memfd', 'pipe']"


def test_pause_says_how_long_the_process_stood_still():
    assert 0 < refroots.capture().pause < 60
    assert os.getpid() > 0 and sys.version_info >= (3, 10)

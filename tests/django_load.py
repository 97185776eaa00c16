"""A hundred requests by a real client to fixtures/leaks/django_site.py, while signals take three snapshots.

python tests/django_load.py [FOLDER]    prints the slowest request with a snapshot and without, in milliseconds
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

SITE = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "leaks" / "django_site.py"
REQUESTS, SNAPSHOTS, CLIENTS = 100, 3, 4


def asked(port, number):
    """One request: its status, and when it began and ended."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", f"/page/{number}/")
        answer = connection.getresponse()
        answer.read()
        return answer.status, begun, time.perf_counter()
    finally:
        connection.close()


def wait_for(file, site):
    """Waits until a file is there; ends the site where it does not come."""
    deadline = time.monotonic() + 60
    while not file.exists():
        if time.monotonic() > deadline:
            site.kill()
            raise TimeoutError(f"no {file.name} within 60 s; the site said {site.communicate()[1]!r}")
        time.sleep(0.005)


def load(folder):
    """Statuses of all requests, seconds of the slowest during a snapshot and of the slowest without, and what the site said."""
    order = f"USR1,keep={SNAPSHOTS},path={folder}/heap-{{n}}.refroots"
    site = subprocess.Popen(
        [sys.executable, str(SITE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"REFROOTS_ON_SIGNAL": order},
    )
    port = int(site.stdout.readline())
    numbers = iter(range(REQUESTS + CLIENTS))
    # What is loaded at the first request is no leak.
    answers = [asked(port, next(numbers)) for _ in range(CLIENTS)]
    answers.clear()
    spans = []
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        running = [clients.submit(asked, port, number) for number in numbers]
        for taken in range(1, SNAPSHOTS + 1):
            while sum(one.done() for one in running) < taken * REQUESTS // (SNAPSHOTS + 1):
                time.sleep(0.001)
            begun = time.perf_counter()
            os.kill(site.pid, signal.SIGUSR1)
            wait_for(pathlib.Path(folder) / f"heap-{taken}.refroots", site)
            spans.append((begun, time.perf_counter()))
        answers = [one.result() for one in running]
    out, said = site.communicate(timeout=60)
    assert site.returncode == 0, said
    during, without = [0.0], [0.0]
    for _, begun, ended in answers:
        is_during = any(begun < end and ended > start for start, end in spans)
        (during if is_during else without).append(ended - begun)
    return {
        "statuses": [status for status, _, _ in answers],
        "slowest_during": max(during),
        "slowest_without": max(without),
        "visits": int(out.split()[0]),
        "said": said,
    }


def main(words):
    """Prints what a load gave."""
    with contextlib.ExitStack() as stack:
        folder = words[0] if words else stack.enter_context(tempfile.TemporaryDirectory())
        print(json.dumps(load(folder), indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])

"""Do children share one number of jobs, and do slots come back when a child dies?"""

from __future__ import annotations

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from staticlink.vendored.jobserver import JobServer, shared_job_server

if TYPE_CHECKING:
    from pathlib import Path

MAKEFILE = """\
all: 1 2 3 4 5 6
1 2 3 4 5 6:
\t@echo start >>$(LOG); sleep 0.1; echo end >>$(LOG)
"""


def run_make(server: JobServer, directory: Path, log: Path) -> str:
    with server.client() as (environment, descriptors):
        done = subprocess.run(
            ["make", "-f", str(directory / "Makefile"), f"LOG={log}"],
            env={"PATH": os.environ["PATH"], **environment},
            pass_fds=descriptors,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    return done.stderr


def most_at_once(log: Path) -> int:
    running = most = 0
    for line in log.read_text(encoding="utf-8").splitlines():
        running += 1 if line == "start" else -1
        most = max(most, running)
    return most


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_two_makes_together_run_as_many_jobs_as_there_are_slots(tmp_path: Path, slots: int) -> None:
    (tmp_path / "Makefile").write_text(MAKEFILE, encoding="utf-8")
    server, log = JobServer(slots), tmp_path / "log"
    with ThreadPoolExecutor(2) as pool:
        complaints = list(pool.map(lambda _: run_make(server, tmp_path, log), range(2)))
    assert complaints == ["", ""], "make does not accept the jobserver"
    assert log.read_text(encoding="utf-8").count("end") == 12
    assert most_at_once(log) == slots
    assert server.free() == slots
    server.close()


def test_a_client_holds_a_slot() -> None:
    server = JobServer(2)
    with server.client():
        assert server.free() == 1
    assert server.free() == 2
    server.close()


def test_a_client_waits_for_a_slot() -> None:
    server, entered = JobServer(1), threading.Event()

    def wait() -> None:
        with server.client():
            entered.set()

    with server.client():
        thread = threading.Thread(target=wait)
        thread.start()
        assert not entered.wait(0.1)
    assert entered.wait(5)
    thread.join(5)
    assert server.free() == 1
    server.close()


def test_slots_taken_by_a_child_that_died_come_back() -> None:
    server = JobServer(4)
    with server.client() as (_, descriptors):
        steal = "import os, signal, sys; os.read(int(sys.argv[1]), 3); os.kill(os.getpid(), signal.SIGKILL)"
        subprocess.run(["python3", "-c", steal, str(descriptors[0])], pass_fds=descriptors, check=False, timeout=60)
        assert server.free() == 0
    assert server.free() == 4
    server.close()


def test_slots_that_other_steps_hold_stay_theirs_when_a_child_dies() -> None:
    server = JobServer(4)
    held, leave = threading.Event(), threading.Event()

    def step() -> None:
        with server.slot():
            held.set()
            leave.wait(10)

    thread = threading.Thread(target=step)
    thread.start()
    assert held.wait(5)
    with server.client() as (_, descriptors):
        assert os.read(descriptors[0], 2) == b"++"  # as a child would that never gives them back
        assert server.free() == 0
    assert server.free() == 3
    leave.set()
    thread.join(5)
    assert server.free() == 4
    server.close()


def test_a_step_holds_one_slot_however_deep_it_goes() -> None:
    server = JobServer(1)
    with server.slot(), server.slot(), server.client():
        assert server.free() == 0
    assert server.free() == 1
    server.close()


def test_steps_of_many_threads_never_exceed_the_slots() -> None:
    server, running, most, lock = JobServer(3), 0, 0, threading.Lock()

    def step(_: int) -> None:
        nonlocal running, most
        for _ in range(50):
            with server.slot():
                with lock:
                    running += 1
                    most = max(most, running)
                with lock:
                    running -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(step, range(12)))
    assert (running, server.free()) == (0, 3)
    assert most <= 3
    server.close()


def test_a_failure_gives_the_slot_back() -> None:
    server = JobServer(1)
    with pytest.raises(ValueError, match="inside"), server.client():
        raise ValueError("inside")
    assert server.free() == 1
    server.close()


def test_there_is_always_a_slot_and_one_server_for_a_process() -> None:
    assert JobServer(0).slots == 1
    assert shared_job_server(3) is shared_job_server(3)

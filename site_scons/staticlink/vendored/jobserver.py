"""How do SCons' own steps, make and cargo, run at the same time, keep to one number of jobs?

GNU make's jobserver is a pipe that holds one byte a free slot: whoever starts a job takes a byte and puts it back
when the job has ended (GNU make manual, "Sharing Job Slots with GNU make"). make and cargo both speak it. make 4.3
knows only the form in which the descriptors of the pipe are inherited and named in MAKEFLAGS, so that is the form
used; ninja, which no step of ours starts, knows only a fifo.

A step of this process holds a slot while it runs. A child that speaks the protocol runs its first job on a slot that no
byte stands for: the one its step holds. So a thread takes a slot once, however deep the step goes, and one that waits
for a slot holds none.

A child that is killed takes the bytes it held with it; they are put back as soon as no child is left that could hold
one. The pipe is read through a description of our own, because children switch theirs between blocking and not. Not
modelled: what a killed child's own children are still doing; programs that do not ask, such as ninja before 1.13.
"""

from __future__ import annotations

import os
import select
import threading
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class JobServer:
    """A pipe with ``slots`` bytes, shared by the steps of this process and their children."""

    def __init__(self, slots: int) -> None:
        """Open the pipe; at least one slot."""
        self.slots = max(slots, 1)
        self._lock = threading.Lock()
        self._children = self._held = 0
        self._thread = threading.local()
        self._read, self._write = os.pipe()
        self._own = os.open(f"/proc/self/fd/{self._read}", os.O_RDONLY | os.O_NONBLOCK)
        os.write(self._write, b"+" * self.slots)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a slot and hold it; a thread that holds one goes on with that."""
        if getattr(self._thread, "holds", False):
            yield
            return
        self._take()
        self._thread.holds = True
        try:
            yield
        finally:
            self._thread.holds = False
            with self._lock:
                self._held -= 1
                os.write(self._write, b"+")

    @contextmanager
    def client(self) -> Iterator[tuple[dict[str, str], tuple[int, int]]]:
        """Hold a slot for a child; give what it needs: additions to its environment, and descriptors to pass on."""
        with self._child():
            flags = f" -j --jobserver-auth={self._read},{self._write}"
            yield {"MAKEFLAGS": flags, "CARGO_MAKEFLAGS": flags.strip()}, (self._read, self._write)

    @contextmanager
    def client_by_name(self) -> Iterator[dict[str, str]]:
        """Hold a slot for a child that inherits no descriptors and opens a fifo, as ninja and make 4.4 do.

        Linux lets a pipe be opened again by the name of a descriptor (proc(5), ``/proc/PID/fd``).
        """
        with self._child():
            yield {"MAKEFLAGS": f" -j --jobserver-auth=fifo:/proc/{os.getpid()}/fd/{self._read}"}

    @contextmanager
    def _child(self) -> Iterator[None]:
        """Count a child that may hold bytes for as long as it runs."""
        with self.slot():
            with self._lock:
                self._children += 1
            try:
                yield
            finally:
                with self._lock:
                    self._children -= 1
                    if self._children == 0:
                        self._refill()

    def _take(self) -> None:
        """Wait for a byte and take it; the wait holds no lock, so another may have taken it by then."""
        while True:
            select.select([self._own], [], [])
            with self._lock, suppress(BlockingIOError):
                os.read(self._own, 1)
                self._held += 1
                return

    def _refill(self) -> None:
        """Put back what killed children took; nobody but the threads that hold a slot uses the pipe now."""
        with suppress(BlockingIOError):
            while os.read(self._own, self.slots):
                pass
        os.write(self._write, b"+" * (self.slots - self._held))

    def free(self) -> int:
        """Return the number of free slots."""
        import fcntl  # noqa: PLC0415  (Windows, which has none, is refused in words)
        import termios  # noqa: PLC0415  (Windows, which has none, is refused in words)

        waiting = fcntl.ioctl(self._own, termios.FIONREAD, b"\0" * 4)
        return int.from_bytes(waiting, "little")

    def close(self) -> None:
        """Close the pipe."""
        for descriptor in (self._own, self._read, self._write):
            os.close(descriptor)


@cache
def shared_job_server(slots: int) -> JobServer:
    """Return the one jobserver of this process for that many slots."""
    return JobServer(slots)

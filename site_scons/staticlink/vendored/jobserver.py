"""How do make and cargo, run at the same time, keep to one number of jobs?

GNU make's jobserver is a pipe that holds one byte a free slot: whoever starts a job takes a byte and puts it back
when the job has ended (GNU make manual, "Sharing Job Slots with GNU make"). make and cargo both speak it. make 4.3
knows only the form in which the descriptors of the pipe are inherited and named in MAKEFLAGS, so that is the form
used.

A child runs its first job on a slot of its own, which no byte stands for: the one taken here for as long as it runs. A
child that is killed takes the bytes it held with it; they are put back as soon as no child is left. Not modelled: jobs
that SCons starts beside these children.
"""

from __future__ import annotations

import fcntl
import os
import select
import termios
import threading
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class JobServer:
    """A pipe with ``slots`` bytes, shared by the children of this process."""

    def __init__(self, slots: int) -> None:
        """Open the pipe; at least one slot."""
        self.slots = max(slots, 1)
        self._lock = threading.Lock()
        self._busy = 0
        self._read, self._write = os.pipe()
        os.write(self._write, b"+" * self.slots)

    @contextmanager
    def client(self) -> Iterator[tuple[dict[str, str], tuple[int, int]]]:
        """Wait for a slot; give what a child needs: additions to its environment, and descriptors to pass on."""
        with self._lock:
            self._busy += 1
        try:
            self._take()
            try:
                flags = f" -j --jobserver-auth={self._read},{self._write}"
                yield {"MAKEFLAGS": flags, "CARGO_MAKEFLAGS": flags.strip()}, (self._read, self._write)
            finally:
                os.write(self._write, b"+")
        finally:
            with self._lock:
                self._busy -= 1
                if self._busy == 0:
                    self._refill()

    def _take(self) -> None:
        """Wait for a byte and take it. make switches the pipe, which it shares with us, to non-blocking reads."""
        while True:
            select.select([self._read], [], [])
            with suppress(BlockingIOError):
                os.read(self._read, 1)
                return

    def _refill(self) -> None:
        """Put back what killed children took; nobody uses the pipe now."""
        while select.select([self._read], [], [], 0)[0]:
            with suppress(BlockingIOError):
                os.read(self._read, self.slots)
        os.write(self._write, b"+" * self.slots)

    def free(self) -> int:
        """Return the number of free slots."""
        waiting = fcntl.ioctl(self._read, termios.FIONREAD, b"\0" * 4)
        return int.from_bytes(waiting, "little")

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._read)
        os.close(self._write)


@cache
def shared_job_server(slots: int) -> JobServer:
    """Return the one jobserver of this process for that many slots."""
    return JobServer(slots)

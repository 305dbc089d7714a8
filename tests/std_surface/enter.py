"""Run a program where names resolve the same everywhere: /etc/hosts and one DNS server of our own, over loopback.

Started in new mount and network namespaces (``unshare --mount --net``). The server knows a few names, says of all
others that there are none, and never speaks to anyone else. Arguments: the directory with the files to put over those
of the same name in /etc, then the program and its arguments.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

_KNOWN = {"std-surface.example": ("192.0.2.7",), "two.std-surface.example": ("192.0.2.8", "192.0.2.9")}
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _UP = 0x8913, 0x8914, 1
_A, _NAME_ERROR = 1, 3


def main() -> int:
    """Put the files in place, answer questions while the program runs, and return how it ended."""
    for file in sorted(Path(sys.argv[1]).iterdir()):
        subprocess.run(["mount", "--bind", str(file), f"/etc/{file.name}"], check=True, timeout=60)
    raise_loopback()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    threading.Thread(target=serve, args=(server,), daemon=True).start()
    return subprocess.run(sys.argv[2:], check=False, timeout=120).returncode


def raise_loopback() -> None:
    """Bring up ``lo``, which a new network namespace has and keeps down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        request = bytearray(fcntl.ioctl(one, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0)))
        struct.pack_into("H", request, 16, struct.unpack_from("H", request, 16)[0] | _UP)
        fcntl.ioctl(one, _SIOCSIFFLAGS, bytes(request))


def serve(server: socket.socket) -> None:
    """Answer each question (RFC 1035, section 4.1)."""
    while True:
        question, client = server.recvfrom(512)
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode("ascii"))
            at += question[at] + 1
        kind = struct.unpack_from("!H", question, at + 1)[0]
        name = ".".join(labels).lower()
        addresses = _KNOWN.get(name, ()) if kind == _A else ()
        code = 0 if name in _KNOWN else _NAME_ERROR
        header = struct.pack("!2sHHHHH", question[:2], 0x8180 | code, 1, len(addresses), 0, 0)
        answers = (struct.pack("!HHHIH", 0xC00C, _A, 1, 60, 4) + socket.inet_aton(one) for one in addresses)
        server.sendto(header + question[12 : at + 5] + b"".join(answers), client)


if __name__ == "__main__":
    sys.exit(main())

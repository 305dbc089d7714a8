"""Can there be a static executable here, or for what was asked, and if not, why?

A static executable talks to the kernel itself. That is possible where system calls are a stable interface and the libc
comes as an archive: on Linux. Elsewhere the attempt ends in a linker's complaint about a missing ``crt0.o``, long
after the sources were fetched. So the question is asked first, of the host, of the value of ``libc=`` and of a target
triple. The answers are policy (``policy/platforms.toml``), which ``sconsw`` reads too; it is loaded only to refuse.

Not modelled: machines of 64 bits whose userland has 32; cross compilation, which other errors tell.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Callable

_POLICY = Path(__file__).parent / "policy" / "platforms.toml"
_SYSTEM = "Linux"
_MACHINES = ("x86_64", "aarch64")


def require_host(system: str | None = None, machine: str | None = None) -> None:
    """Raise :class:`StaticlinkError` where nothing static can be built.

    ``system`` and ``machine`` are what ``platform.system()`` and ``platform.machine()`` say there; default: here.
    """
    system = platform.system() if system is None else system
    machine = platform.machine() if machine is None else machine
    if system == _SYSTEM and machine in _MACHINES:
        return
    policy = _load_policy()
    row = _find(policy, lambda row: system.lower().startswith(_words(row["systems"])))
    why = row["why"] if row else policy["unknown_host"]
    what = f"cannot build on {system or 'an unknown system'} ({machine or 'an unknown machine'})"
    raise fail("no-static-host", what, evidence=(why,), fix=policy["host_fix"])


def refuse_libc(libc: str) -> None:
    """Raise :class:`StaticlinkError` with the reason when ``libc`` names one for which nothing static is made."""
    policy = _load_policy()
    row = _find(policy, lambda row: libc.lower() in _words(row["libcs"]))
    _refuse(f"libc={libc}", row, policy)


def refuse_triple(triple: str) -> None:
    """Raise :class:`StaticlinkError` with the reason when ``triple`` is for a system for which nothing static is made.

    A triple of Linux with glibc or musl passes, whatever its machine, and so does what is no triple of a known system.
    """
    parts = triple.lower().split("-")
    if "linux" in parts and parts[-1].startswith(("gnu", "musl")):
        return
    names = parts[parts.index("linux") + 1 :] if "linux" in parts else parts if len(parts) > 1 else []
    if not names:
        return
    policy = _load_policy()
    row = _find(policy, lambda row: any(name.startswith(_words(row["targets"])) for name in names))
    _refuse(triple, row, policy)


def _load_policy() -> dict[str, Any]:
    import toml  # noqa: PLC0415  (only a refusal needs it)

    policy: dict[str, Any] = toml.loads(_POLICY.read_text(encoding="utf-8"))
    return policy


def _find(policy: dict[str, Any], fits: Callable[[dict[str, str]], bool]) -> dict[str, str] | None:
    return next(filter(fits, policy["platform"]), None)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.lower().split())


def _refuse(target: str, row: dict[str, str] | None, policy: dict[str, Any]) -> None:
    if row is not None:
        fix = row.get("target_fix", policy["target_fix"])
        raise fail("no-static-target", f"cannot link for {target}", evidence=(row["why"],), fix=fix)

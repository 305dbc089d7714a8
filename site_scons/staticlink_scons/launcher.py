"""How does a launcher (sccache, ccache, distcc) stand before every compiler without deciding what is compiled?

``launcher=sccache`` puts it before SCons' compile commands, between ``$(`` and ``$)``, so that switching it on, off or
over compiles nothing again. rustc gets it from the driver that cargo starts (``rust/rustc.py``), which puts it before
the real compiler and its whole list of arguments: with ``RUSTC_WRAPPER`` it would see the driver instead, and neither
the sysroot nor the flags that the driver adds.

Not modelled: compile commands that a project sets after the tool is loaded, and what make compiles for ``vendor/``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment

_COMMANDS = ("CCCOM", "CXXCOM", "SHCCCOM", "SHCXXCOM")
_PREFIX = "$( $STATICLINK_LAUNCHER $) "
#: What launchers read: SCons hides the user's environment from the commands it runs.
_READ = ("HOME", "XDG_CACHE_HOME", "TMPDIR")
_FAMILIES = ("SCCACHE_", "CCACHE_", "DISTCC_")
_VARIABLE = "STATICLINK_LAUNCHER"  # the driver's (rust/rustc.py) and SCons' alike


def use_launcher(env: Environment) -> None:
    """Have every compiler that ``env`` starts started by the launcher of this build."""
    for name in _COMMANDS:
        command = env.get(name)
        if isinstance(command, str) and not command.startswith(_PREFIX):
            env[name] = f"{_PREFIX}{command}"
    env[_VARIABLE] = settings(env).launcher
    if settings(env).launcher and env["ENV"] is not os.environ:
        for name, value in os.environ.items():
            if name in _READ or name.startswith(_FAMILIES):
                env["ENV"].setdefault(name, value)


def launching(env: Environment) -> dict[str, str]:
    """Return what the environment of cargo says of the launcher."""
    chosen = settings(env).launcher
    return {_VARIABLE: chosen} if chosen else {}

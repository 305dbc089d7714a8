"""Is this the metadata of a Rust crate, and which rustc made it?

rustc writes what other crates need to know of a crate to ``libNAME.rmeta``, and into every rlib as the member
``lib.rmeta``: bare, or as the contents of an ELF section. It begins with ``rust``, three zeros, a format version, where
its tables are, and the version of the compiler, which alone can read it. Source: ``METADATA_HEADER`` in
``compiler/rustc_metadata/src/rmeta/mod.rs``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from staticlink.elf.mapping import Bytes

#: The member of an rlib that holds its metadata.
MEMBER = "lib.rmeta"
#: A symbol that the object with Rust's standard library defines, and no other.
STD = "rust_eh_personality"
_MAGIC = b"rust\0\0\0"
_COMPILER = re.compile(rb"rustc \d[ -~]{0,80}")
_BEGIN = 4096  # bytes; the version stands within the first hundred


def is_metadata(data: Bytes) -> bool:
    """Say whether ``data`` begins as bare metadata does."""
    return data[: len(_MAGIC)] == _MAGIC


def describe_metadata(data: Bytes, start: int = 0) -> str:
    """Return what the metadata at ``start`` is, in words: with the version of its compiler where it names one."""
    found = _COMPILER.search(data[start : start + _BEGIN])
    return f"metadata of a Rust crate, made by {found[0].decode()}" if found else "metadata of a Rust crate"

"""What did an SConscript say of a crate?"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from staticlink.rust.members import Crate
    from staticlink.rust.options import CrateOptions
    from staticlink.rust.toolchain import Toolchain


@dataclass(frozen=True, slots=True)
class DeclaredCrate:
    """A crate as an SConscript asked for it."""

    crate: Crate
    toolchain: Toolchain
    options: CrateOptions

    @property
    def key(self) -> str:
        """A short digest by which it is told from another one of the same name."""
        members = [member.name for member in self.crate.members]
        facts = (os.path.relpath(self.crate.manifest), members, self.options, self.toolchain.verbose)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:8]

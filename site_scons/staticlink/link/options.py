"""What does the command line itself ask of a link, besides its inputs?

Some options take part in resolution: they refer to symbols, define them, or give references another name. They are kept
here as values, so that a resolution, an order and a question about either mean the same link. Options that only shape
the output stay words that go to the linker as they are. Source: GNU ld's manual, "Command-line Options".

Not modelled: which sections ``--gc-sections`` keeps. It drops sections after extraction, so the same members join; only
a symbol that nothing but dropped sections refer to may then be missing without fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"[A-Za-z_$][\w$.@]*|\d\w*")


@dataclass(frozen=True, slots=True)
class Assignment:
    """``--defsym SYMBOL=EXPRESSION``: a definition whose value may be that of other symbols, which it refers to.

    GNU ld takes it at its place among the inputs, lld behind them all.
    """

    symbol: str
    expression: str

    @property
    def references(self) -> tuple[str, ...]:
        """The symbols the expression names."""
        return tuple(word for word in _WORD.findall(self.expression) if not word[0].isdigit())

    @property
    def display(self) -> str:
        """How messages name it."""
        return f"--defsym={self.symbol}"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a link that take part in resolution.

    ``undefined`` are the symbols of ``-u``, ``required`` those of ``--require-defined``: a link without a definition of
    them fails. ``defsym`` come before all inputs. ``wrap`` are the symbols of ``--wrap``. ``allow_duplicates`` is
    ``-z muldefs``. ``entry`` is ``None`` when the link has no entry symbol. A linker defines other symbols for ``pie``.
    """

    entry: str | None = "_start"
    undefined: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    defsym: tuple[Assignment, ...] = ()
    wrap: tuple[str, ...] = ()
    allow_duplicates: bool = False
    gc_sections: bool = False
    pie: bool = False

    def renamed(self, name: str) -> str:
        """Return the name that a reference to ``name`` has under ``--wrap``."""
        if name in self.wrap:
            return f"__wrap_{name}"
        real = name.removeprefix("__real_")
        return real if real != name and real in self.wrap else name


DEFAULT = Options()


def read_assignment(text: str) -> Assignment | None:
    """Return what the argument of ``--defsym`` says; ``None`` when it is no assignment."""
    symbol, equals, expression = text.partition("=")
    return Assignment(symbol.strip(), expression.strip()) if equals and symbol and expression else None

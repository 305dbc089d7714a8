"""The command ``staticlink``: the same core for every other build system, and for questions."""

from staticlink.cli.main import main

__all__ = ["main"]

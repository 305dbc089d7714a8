"""Link C, Rust and Python into one static executable, and prove that it is one.

The core: it knows linking, Rust and vendored sources, and never imports SCons. ``link/plan.py`` is the main path.
"""

__version__ = "0.1.0"

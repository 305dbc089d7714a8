"""How is one program built with several sets of options, for a comparison?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOP = Path(__file__).resolve().parent.parent


def build_variants(place: Path, files: Mapping[str, str], program: str, builds: Mapping[str, str]) -> dict[str, Path]:
    """Write ``files``, name -> text, to ``place``; build ``program`` once a row of ``builds`` (name -> SCons options).

    Returns name -> executable. Ends the run with what SCons said when a build fails.
    """
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    made = {}
    for number, (name, options) in enumerate(builds.items()):
        scons = [sys.executable, "-m", "SCons", "-Q", f"--site-dir={_TOP / 'site_scons'}", *options.split()]
        done = subprocess.run(scons, cwd=place, capture_output=True, text=True, check=False, timeout=1800)
        if done.returncode != 0:
            sys.exit(f"{name}:\n{done.stdout}{done.stderr}")
        made[name] = (place / program).rename(place / f"{program}-{number}")
    return made

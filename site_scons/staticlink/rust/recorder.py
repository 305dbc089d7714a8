"""What would rustc's linker be given?

rustc starts this program, alone and without the rest of staticlink, in the linker's place. Objects that rustc will
delete are copied to ``OUTPUT.objects/``, and the output itself becomes a JSON list of the arguments. Cargo keeps such
an output as it keeps an executable, and hands it on when there is nothing to do. What the arguments mean is
:mod:`staticlink.rust.record`'s business.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys


def record(arguments: list[str]) -> None:
    """Write down ``arguments``, with objects that do not stay replaced by copies."""
    words = [word for one in arguments for word in (_expand(one[1:]) if one.startswith("@") else [one])]
    output = words[words.index("-o") + 1]
    place = output + ".objects"
    shutil.rmtree(place, ignore_errors=True)
    os.mkdir(place)  # noqa: PTH102  (pathlib takes as long to load as all the rest)
    number = 0
    for position, word in enumerate(words):
        if word.endswith(".o") and word != output and os.path.isfile(word):  # noqa: PTH113  (as above)
            number += 1
            words[position] = os.path.abspath(os.path.join(place, f"{number}.o"))  # noqa: PTH100, PTH118  (as above)
            shutil.copyfile(word, words[position])
    with open(output, "w", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123  (as above)
        json.dump(words, file)


def _expand(path: str) -> list[str]:
    """Return the words of a response file, one a line; rustc puts a backslash before blanks and backslashes."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123  (as above)
        return [re.sub(r"\\(.)", r"\1", line.rstrip("\n")) for line in file if line.strip()]


if __name__ == "__main__":
    record(sys.argv[1:])

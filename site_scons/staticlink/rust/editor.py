"""What does rust-analyzer need to know of the crates of a build?

``rust-project.json`` lists crates by their root files, with edition, features and dependencies, so that an editor
understands a project whose crates are spread over an SCons build without being told of each manifest. Cargo's own
metadata is the only source: the packages it resolved for the build's target, with the features that the SConscript
asked for.

Not modelled: what build scripts generate, and procedural macros, whose libraries exist only after a build.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staticlink.rust.cargo import CargoRun
    from staticlink.rust.members import Crate
    from staticlink.rust.options import CrateOptions
    from staticlink.rust.toolchain import Toolchain

_LIBRARIES = frozenset({"lib", "rlib", "staticlib", "cdylib", "dylib", "proc-macro"})
_SECONDS = 300


def read_packages(
    crate: Crate, toolchain: Toolchain, options: CrateOptions, run: CargoRun, triple: str
) -> Mapping[str, Any]:
    """Return what cargo resolved for ``crate``, as ``cargo metadata`` says it; raise with cargo's own text."""
    arguments = options.arguments(locked=crate.lock.is_file(), offline=run.offline)
    command = [
        str(toolchain.cargo), "metadata", "--format-version=1", "--color=never", f"--manifest-path={crate.manifest}",
        f"--filter-platform={triple}", *(word for word in arguments if not word.startswith("--profile")),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=crate.directory, env=dict(run.environ), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=_SECONDS, pass_fds=run.pass_fds,
    )  # fmt: skip
    if done.returncode != 0:
        evidence = [line.rstrip() for line in done.stderr.strip().splitlines()]
        raise fail("no-metadata", f"cargo resolves nothing for {crate.name}", evidence=evidence)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def describe_project(answers: Sequence[Mapping[str, Any]], sysroot: Path, triple: str) -> dict[str, Any]:
    """Return ``rust-project.json`` for the packages of all ``answers``; a package in several of them is listed once.

    The form is that of rust-analyzer's manual, "Non-Cargo Based Projects".
    """
    members = {name for answer in answers for name in answer["workspace_members"]}
    packages = {package["id"]: package for answer in answers for package in answer["packages"]}
    nodes: dict[str, list[Mapping[str, Any]]] = {}
    for answer in answers:
        for node in answer["resolve"]["nodes"]:
            nodes.setdefault(node["id"], []).append(node)
    roots = {name: target for name in sorted(packages) if (target := _library(packages[name])) is not None}
    index = {name: number for number, name in enumerate(roots)}
    crates = [_crate(packages[name], roots[name], nodes.get(name, []), index, name in members) for name in roots]
    return {
        "sysroot": str(sysroot),
        "sysroot_src": str(sysroot / "lib/rustlib/src/rust/library"),
        "crates": [{**crate, "target": triple} for crate in crates],
    }


def _library(package: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the library target of a package, or else its first binary."""
    targets: list[Mapping[str, Any]] = package["targets"]
    libraries = [target for target in targets if _LIBRARIES & set(target["kind"])]
    binaries = [target for target in targets if "bin" in target["kind"]]
    return next(iter([*libraries, *binaries]), None)


def _crate(
    package: Mapping[str, Any],
    target: Mapping[str, Any],
    nodes: Sequence[Mapping[str, Any]],
    index: Mapping[str, int],
    member: bool,  # noqa: FBT001  (called in one place)
) -> dict[str, Any]:
    features = sorted({feature for node in nodes for feature in node["features"]})
    links = {link["name"]: index[link["pkg"]] for node in nodes for link in node["deps"] if link["pkg"] in index}
    return {
        "display_name": target["name"].replace("-", "_"),
        "root_module": target["src_path"],
        "edition": target["edition"],
        "version": package["version"],
        "deps": [{"crate": number, "name": name} for name, number in sorted(links.items()) if name],
        "cfg": [f'feature="{feature}"' for feature in features],
        "env": {"CARGO_PKG_NAME": package["name"], "CARGO_PKG_VERSION": package["version"]},
        "is_workspace_member": member,
        "is_proc_macro": "proc-macro" in target["kind"],
        "source": {"include_dirs": [str(Path(package["manifest_path"]).parent)], "exclude_dirs": []},
    }

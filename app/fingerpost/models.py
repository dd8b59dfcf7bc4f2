"""The model store: what the manifest lists, found, checked against its checksum, and fetched when missing."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .core.errors import ModelError
from .downloads import Progress, download, hash_file
from .home import asset_home, state_home

BAR_WIDTH = 30

NUMBER, NOTHING = (int, float), type(None)
MANIFEST_KEYS: Mapping[str, Tuple[type, ...]] = {
    "name": (str,), "file": (str,), "sha256": (str,), "bytes": (int,),
    "input": (list,), "mean": (list,), "std": (list,), "outputs": (list,),
    "labels": (list, NOTHING), "threshold": (*NUMBER, NOTHING),
    "parameters": (int,), "multiply_adds": (int,),
    "licence": (str,), "data": (str,), "figures": (dict,), "rebuild": (str,),
}

_sound_files: Set[Tuple[str, int, int, str]] = set()
"""Path, size, time of change and checksum of what this process has checked already."""


@dataclass(frozen=True)
class ModelInfo:
    """What the manifest says of one model, and where its file lies (or would lie)."""

    name: str
    path: Path
    sha256: str
    bytes: int
    input: Tuple[int, ...]
    """Shape of the one input: 1, channels, height, width."""
    mean: Tuple[float, ...]
    """Subtracted from RGB in [0, 1], per channel, before the division by `std`."""
    std: Tuple[float, ...]
    outputs: Tuple[str, ...]
    labels: Optional[Tuple[str, ...]]
    threshold: Optional[float]
    parameters: int
    multiply_adds: int
    """Of one forward pass."""
    licence: str
    data: str
    """What it was trained on."""
    figures: Mapping[str, Any]
    rebuild: str
    """The command that makes it again."""
    url: Optional[str] = None
    likeness: Optional[Tuple[float, float]] = None
    """Middle and width of the curve from the cosine of two embeddings to the chance that they show the same thing."""


class ModelStore:
    """The models of a manifest. Files lie beside it, or, when fetched later, in the state folder."""

    def __init__(self, folder: Optional[Path] = None, fetched: Optional[Path] = None) -> None:
        """`folder` holds manifest.json (default: the models that ship), `fetched` what was fetched."""
        self._folder = asset_home() / "models" if folder is None else folder
        self._fetched = state_home() / "models" if fetched is None else fetched
        self._infos = {info.name: info for info in _read_manifest(self._folder / "manifest.json")}

    def infos(self) -> Tuple[ModelInfo, ...]:
        """All models of the manifest, whatever the state of their files."""
        return tuple(self._locate(info) for info in self._infos.values())

    def info(self, name: str) -> ModelInfo:
        """One model, whatever the state of its file. Raises ModelError when the manifest does not list it."""
        if name not in self._infos:
            raise ModelError(f"there is no model '{name}': choose one of {', '.join(self._infos) or 'none'}")
        return self._locate(self._infos[name])

    def load(self, name: str) -> ModelInfo:
        """One model whose file is whole, checked once per process. Raises ModelError with its remedy."""
        info = self.info(name)
        problem = _check(info)
        if problem is not None:
            raise ModelError(f"the model '{name}' is {problem} ({info.path}): {_remedy(info)}")
        return info

    def verify(self) -> Dict[str, Optional[str]]:
        """Check every file anew: model names with what is wrong with each, None where nothing is."""
        _sound_files.clear()
        return {info.name: _check(info) for info in self.infos()}

    def fetch(self, name: str, progress: Optional[Progress] = None) -> ModelInfo:
        """Download a model unless it is there and whole. Raises ModelError with its remedy."""
        info = self.info(name)
        if _check(info) is None:
            return info
        if info.url is None:
            raise ModelError(f"the manifest gives no address for the model '{name}': {_remedy(info)}")
        target = self._fetched / info.path.name
        download(info.url, target, info.bytes, info.sha256, progress)
        return replace(info, path=target)

    def _locate(self, info: ModelInfo) -> ModelInfo:
        """With the path of a whole file if there is one, else of a damaged one, else of where it would be."""
        places = [replace(info, path=folder / info.path.name) for folder in (self._folder, self._fetched)]
        whole = [place for place in places if _check(place) is None]
        there = [place for place in places if place.path.exists()]
        return (whole + there + places[-1:])[0]


def _check(info: ModelInfo) -> Optional[str]:
    """What is wrong with the file: missing, damaged, or None. A whole file is read only once per process."""
    try:
        stat = info.path.stat()
        seen = (str(info.path), stat.st_size, stat.st_mtime_ns, info.sha256)
        if seen in _sound_files:
            return None
        if stat.st_size != info.bytes or hash_file(info.path) != info.sha256:
            return "damaged"
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"not readable, {error.strerror}"
    _sound_files.add(seen)
    return None


def _remedy(info: ModelInfo) -> str:
    if info.url is not None:
        return f"run `fingerpost models fetch {info.name}`"
    return f"install Fingerpost again, or make the model with `{info.rebuild}`"


def _read_manifest(path: Path) -> List[ModelInfo]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["models"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is missing or no model manifest: install Fingerpost again") from error
    return [_parse_entry(entry, f"{path}, model {number}") for number, entry in enumerate(entries, 1)]


def _parse_entry(entry: Any, place: str) -> ModelInfo:
    if not isinstance(entry, dict):
        raise ModelError(f"{place}: not a table of keys: install Fingerpost again")
    values = dict(entry)
    for key, kinds in MANIFEST_KEYS.items():
        if not isinstance(values.get(key, ...), kinds):
            raise ModelError(f"{place}: '{key}' is missing or of the wrong type: install Fingerpost again")
    known: Dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                             for key, value in values.items() if key in MANIFEST_KEYS and key != "file"}
    # Only the name, so that no manifest can reach outside the models folders.
    return ModelInfo(path=Path(Path(values["file"]).name), url=values.get("url"),
                     likeness=tuple(values["likeness"]) if values.get("likeness") else None, **known)


def add_arguments_list(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models list`: none."""


def main_list(args: argparse.Namespace) -> int:
    """Print the models, the state of their files and where they lie."""
    rows = [(info.name, _check(info) or "whole", str(info.path)) for info in ModelStore().infos()]
    _print_table([("NAME", "STATE", "FILE"), *rows])
    return 0


def add_arguments_info(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models info`."""
    parser.add_argument("name", nargs="?", help="one model, with its licence, data, figures and labels")


def main_info(args: argparse.Namespace) -> int:
    """Print size and cost of all models, or everything about one."""
    store = ModelStore()
    if args.name:
        _print_details(store.info(args.name))
        return 0
    rows = [(info.name, _size_of(info), f"{info.parameters:,}", f"{info.multiply_adds:,}", _megabytes(info),
             info.licence) for info in store.infos()]
    _print_table([("NAME", "INPUT", "PARAMETERS", "MULTIPLY-ADDS", "SIZE", "LICENCE"), *rows])
    return 0


def add_arguments_verify(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models verify`: none."""


def main_verify(args: argparse.Namespace) -> int:
    """Check all files against their checksums; 0 only when all are whole."""
    store = ModelStore()
    verdicts = store.verify()
    _print_table([(name, problem or "whole", _remedy(store.info(name)) if problem else "")
                  for name, problem in verdicts.items()])
    return 1 if any(verdicts.values()) else 0


def add_arguments_fetch(parser: argparse.ArgumentParser) -> None:
    """The options of `fingerpost models fetch`."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="which models; all when none is named")


def main_fetch(args: argparse.Namespace) -> int:
    """Download what is missing or damaged."""
    store = ModelStore()
    for name in args.names or [info.name for info in store.infos()]:
        info = store.fetch(name, _show_progress if sys.stderr.isatty() else None)
        print(f"{name} is whole: {info.path}")
    return 0


def _print_details(info: ModelInfo) -> None:
    rows = [("name", info.name), ("file", f"{info.path} ({_megabytes(info)}, {_check(info) or 'whole'})"),
            ("input", f"{_size_of(info)}, mean {info.mean}, std {info.std}"),
            ("outputs", ", ".join(info.outputs)), ("threshold", str(info.threshold)),
            ("parameters", f"{info.parameters:,}"), ("multiply-adds", f"{info.multiply_adds:,}"),
            ("licence", info.licence), ("data", info.data), ("rebuild", info.rebuild)]
    rows += [(f"figure {key}", str(value)) for key, value in info.figures.items()]
    rows += [("labels", ", ".join(info.labels))] if info.labels else []
    _print_table(rows)


def _print_table(rows: Sequence[Tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def _size_of(info: ModelInfo) -> str:
    """The input's size as people write it, width first."""
    return f"{info.input[3]}x{info.input[2]}"


def _megabytes(info: ModelInfo) -> str:
    return f"{info.bytes / 1e6:.1f} MB"


def _show_progress(done: int, size: int) -> None:
    bar = "#" * (BAR_WIDTH * done // max(1, size))
    line = f"\r[{bar:{BAR_WIDTH}}] {done / 1e6:.1f} of {size / 1e6:.1f} MB"
    print(line, end="\n" if done == size else "", file=sys.stderr, flush=True)

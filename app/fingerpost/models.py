"""The model store: what a manifest lists, found, checked against its checksum, and fetched when missing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

from .core.errors import ModelError
from .downloads import Progress, download, hash_file
from .home import asset_home, state_home

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
    likeness: Optional[Tuple[float, ...]] = None
    """The numbers of the curve from the cosine of two embeddings to the chance that they show the same thing."""
    anchors: Optional[Mapping[str, Any]] = None
    """What a detector's anchors are made from (vision.detect.make_anchors)."""
    installed: bool = False
    """Whether it was fetched or trained on this machine, and does not ship."""


class ModelStore:
    """The models of one manifest. Files lie beside it, or, when fetched later, in the state folder.

    What the wearable runs is chosen by `installed.InstalledModels`, which looks here where nothing was installed.
    """

    def __init__(self, folder: Optional[Path] = None, fetched: Optional[Path] = None) -> None:
        """`folder` holds manifest.json (default: the models that ship), `fetched` what was fetched."""
        self._folder = asset_home() / "models" if folder is None else folder
        self._fetched = state_home() / "models" if fetched is None else fetched
        self._infos = {info.name: info for info in read_manifest(self._folder / "manifest.json")}

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
        problem = find_problem(info)
        if problem is not None:
            raise ModelError(f"the model '{name}' is {problem} ({info.path}): {name_remedy(info)}")
        return info

    def fetch(self, name: str, progress: Optional[Progress] = None) -> ModelInfo:
        """Download a model unless it is there and whole. Raises ModelError with its remedy."""
        info = self.info(name)
        if find_problem(info) is None:
            return info
        if info.url is None:
            raise ModelError(f"the manifest gives no address for the model '{name}': {name_remedy(info)}")
        target = self._fetched / info.path.name
        download(info.url, target, info.bytes, info.sha256, progress)
        return replace(info, path=target)

    def _locate(self, info: ModelInfo) -> ModelInfo:
        """With the path of a whole file if there is one, else of a damaged one, else of where it would be."""
        places = [replace(info, path=folder / info.path.name) for folder in (self._folder, self._fetched)]
        whole = [place for place in places if find_problem(place) is None]
        there = [place for place in places if place.path.exists()]
        return (whole + there + places[-1:])[0]


def load_given(name: str, given: Path) -> ModelInfo:
    """The model of a manifest that a user points to, by its folder or by the model's file in it. Raises ModelError."""
    folder = given if given.is_dir() else given.parent
    remedy = "give the folder that `fingerpost export` wrote"
    try:
        store = ModelStore(folder)
    except ModelError as error:
        raise ModelError(f"{folder} holds no manifest.json that can be read: {remedy}") from error
    listed = store.info(name).path.name
    if given != folder and given.name != listed:
        raise ModelError(f"{given.name} is not the model '{name}' of {folder}, which is {listed}: {remedy}")
    return store.load(name)


def find_problem(info: ModelInfo) -> Optional[str]:
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


def check_anew() -> None:
    """Forget which files were whole: the next look at each reads it again."""
    _sound_files.clear()


def name_remedy(info: ModelInfo) -> str:
    """What to do about a model whose file is not whole."""
    if info.url is not None:
        return f"run `fingerpost models fetch {info.name}`"
    if info.installed:
        return f"run `{info.rebuild}`, or `fingerpost models rollback {info.name}`"
    return f"install Fingerpost again, or make the model with `{info.rebuild}`"


def read_manifest(path: Path) -> List[ModelInfo]:
    """The models of a manifest in their order. Raises ModelError for one that cannot be read."""
    return [parse_entry(entry, f"{path}, model {number}") for number, entry in enumerate(read_entries(path), 1)]


def read_entries(path: Path) -> List[Any]:
    """The entries of a manifest as they stand in it. Raises ModelError where there are none."""
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["models"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is missing or no model manifest: install Fingerpost again") from error


def parse_entry(entry: Any, place: str) -> ModelInfo:
    """One entry of a manifest; `place` is where it stands, for the ModelError that a wrong one raises."""
    if not isinstance(entry, dict):
        raise ModelError(f"{place}: not a table of keys: install Fingerpost again")
    values = dict(entry)
    for key, kinds in MANIFEST_KEYS.items():
        if not isinstance(values.get(key, ...), kinds):
            raise ModelError(f"{place}: '{key}' is missing or of the wrong type: install Fingerpost again")
    known: Dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                             for key, value in values.items() if key in MANIFEST_KEYS and key != "file"}
    # Only the name, so that no manifest can reach outside the models folders.
    return ModelInfo(path=Path(Path(values["file"]).name), url=values.get("url"), anchors=values.get("anchors"),
                     likeness=tuple(values["likeness"]) if values.get("likeness") else None, **known)

"""What ONNX Runtime's own TensorRT compiles: kept for that very file, and made in a process of its own.

ONNX Runtime compiles a network while it loads it, for minutes and without a word, and holds Python's lock meanwhile
(https://github.com/microsoft/onnxruntime/issues/27063): buttons and watchdog would have to wait. So another process
does that (compiling_child.py) and ends, and this one loads what it has left.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Optional

from ..core.errors import ModelError
from ..downloads import hash_file
from ..home import state_home
from ..wholefile import write_whole
from .builds import Tell
from .tensorrt import OPENING_BUILD_SECONDS

log = logging.getLogger(__name__)

WHOLE = "whole"
"""A file in a folder whose engine is complete: a power cut may leave half of one."""
TELL_SECONDS = 0.2


def find_engine_folder(path: Path, version: str) -> Optional[Path]:
    """Where that version of ONNX Runtime keeps what TensorRT has compiled of that very file; what it has kept of the
    network's earlier files is deleted. None, which the log explains, where nothing can be written.

    A folder for each file, since it tells networks apart by their form and not by their weights, and a retrained one
    would be taken for the old: https://onnxruntime.ai/docs/execution-providers/TensorRT-ExecutionProvider.html
    """
    network = state_home() / "engines" / "onnxruntime" / re.sub(r"-[0-9a-f]{12}$", "", path.stem)
    own = network / f"{hash_file(path)[:12]}-{version}"
    try:
        own.mkdir(parents=True, exist_ok=True)
        for other in network.iterdir():
            if other != own:
                shutil.rmtree(str(other))
    except OSError as error:
        _warn(own, path, error)
        return None
    return own


def compile_apart(path: Path, folder: Path, tell: Tell) -> None:
    """Have the network's engine in its folder, unless it is there; `tell` hears of it. Raises ModelError."""
    if (folder / WHOLE).exists():
        return
    log.warning("ONNX Runtime has TensorRT compile %s: this takes minutes, once", path.name)
    try:
        for engine in folder.glob("*.engine"):
            engine.unlink()
        with tempfile.TemporaryFile() as output:
            _compile(path, output, tell)
        os.sync()
        write_whole(folder / WHOLE, b"")
    except OSError as error:
        _warn(folder, path, error)


def _compile(path: Path, output: BinaryIO, tell: Tell) -> None:
    """Have the process do it, which leaves its words in `output`."""
    command = [sys.executable, "-m", __name__ + "_child", str(path), str(os.getpid())]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    if not _wait(process, tell):
        process.kill()
        raise _refuse(path, f"it took longer than {OPENING_BUILD_SECONDS / 60:.0f} minutes")
    if process.returncode != 0:
        output.seek(0)
        lines = output.read().decode(errors="replace").strip().splitlines()
        raise _refuse(path, lines[-1] if lines else f"exit code {process.returncode}")


def _wait(process: subprocess.Popen[bytes], tell: Tell) -> bool:
    """Whether the process has ended in time."""
    deadline = time.monotonic() + OPENING_BUILD_SECONDS
    while time.monotonic() < deadline:
        tell("compiling")
        try:
            process.wait(TELL_SECONDS)
            return True
        except subprocess.TimeoutExpired:
            pass
    return False


def _warn(folder: Path, path: Path, error: OSError) -> None:
    log.warning("%s cannot be written (%s): the next start compiles %s again", folder, error.strerror or error,
                path.name)


def _refuse(path: Path, reason: str) -> ModelError:
    return ModelError(f"ONNX Runtime's TensorRT cannot compile {path.name} ({reason}): "
                      'set runtime = "auto" or "onnx" under [recognition]')

"""Sound cards for the real ALSA library: each writes what it plays to a file, as fast as it can."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Sequence

import numpy

import fingerpost
from fingerpost.devices.clips import RATE

CONFIG = """
pcm.plughw {{
  @args [ CARD DEV ]
  @args.CARD {{ type string }}
  @args.DEV {{ type integer }}
  type plug
  slave {{
    rate {rate}
    channels 1
    format S16_LE
    pcm {{
      type file
      format raw
      file {{ @func concat strings [ "{folder}/" $CARD "-" $DEV ".raw" ] }}
      slave.pcm {{ type null }}
    }}
  }}
}}
"""
LIBRARY = ctypes.util.find_library("asound")


def run_with_cards(script: str, folder: Path, arguments: Sequence[str] = ()) -> subprocess.CompletedProcess:
    """Run Python code in a process of its own (SDL keeps global state) in which every card that is asked for exists."""
    (folder / "alsa.conf").write_text(CONFIG.format(rate=RATE, folder=folder))
    roots = [Path(fingerpost.__file__).parents[1], Path(__file__).parents[1], os.environ.get("PYTHONPATH", "")]
    environ = {**os.environ, "ALSA_CONFIG_PATH": str(folder / "alsa.conf"), "FINGERPOST_STATE": str(folder / "state"),
               "PYTHONPATH": os.pathsep.join(map(str, roots))}
    environ.pop("SDL_AUDIODRIVER", None)
    return subprocess.run([sys.executable, "-c", script, *arguments], env=environ, timeout=120, capture_output=True,
                          cwd=str(folder))


def read_card(folder: Path, name: str) -> numpy.ndarray:
    """What a card has played, without the silence around it; the file, which is large, is removed."""
    path = folder / f"{name}.raw"
    if not path.is_file():
        return numpy.zeros(0, numpy.int16)
    samples = numpy.fromfile(str(path), "<i2")
    path.unlink()
    loud = numpy.flatnonzero(samples)
    return samples[loud[0]:loud[-1] + 1] if len(loud) else samples[:0]

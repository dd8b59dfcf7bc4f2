"""The process that has ONNX Runtime's own TensorRT compile a network.

Called as `python -m fingerpost.inference.compiling_child FILE PARENT`, with the process id of whoever calls.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..core.errors import ModelError
from ..upkeep.tether import tether
from .onnx import TENSORRT, OnnxBackend


def main() -> int:
    """Load the network, which compiles it."""
    tether(int(sys.argv[2]))
    try:
        with OnnxBackend(Path(sys.argv[1]), provider=TENSORRT):
            return 0
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

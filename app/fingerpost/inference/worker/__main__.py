"""Answers orders, one JSON object a line, until standard input ends. Arrays pass through shared memory.

    {"do": "probe"}                                     which TensorRT and which GPU there are
    {"do": "build", "at", "bytes", "shape", ...}        compiles the ONNX file there; {"stage": ...} comes before
    {"do": "load", "at", "bytes", "shape"}              loads the engine there, and says where its arrays lie
    {"do": "run", "engine"}                             computes the outputs of the inputs that lie there
    {"do": "unload", "engine"}

The answer is one JSON object, {"error": ...} where it did not work. The arguments are two file descriptors: the shared
memory, and a pipe that nobody writes to.
"""

import fcntl
import json
import os
import sys
from typing import Any, Dict

from cuda import Cuda
from engines import Network, build, find_precisions
from generations import find_generation, make_log
from memory import Memory

LIKELY_VICTIM = "500"
"""When memory runs out, the kernel is to end this process, and not the one that speaks (proc(5), oom_score_adj)."""


class Worker:
    """What the orders are about: TensorRT, the GPU, and the networks that are loaded."""

    def __init__(self, memory: Memory) -> None:
        import tensorrt

        self._trt = tensorrt
        self._cuda = Cuda()
        self._generation = find_generation(tensorrt)
        self._log = make_log(tensorrt)
        self._memory = memory
        self._networks: Dict[int, Network] = {}

    def probe(self, order: Dict[str, Any]) -> Dict[str, Any]:
        """What engines depend on."""
        capability = self._cuda.capability()
        builder = self._trt.Builder(self._log)
        return {"tensorrt": self._trt.__version__, "gpu": self._cuda.name(),
                "capability": ".".join(map(str, capability)), "typed": self._generation.typed,
                "precisions": find_precisions(self._generation, builder, capability)}

    def build(self, order: Dict[str, Any]) -> Dict[str, Any]:
        """Compile a network; the engine comes to lie where its ONNX file lay."""
        content = self._memory.take(order["at"], order["bytes"])
        plan = build(self._trt, self._generation, self._log, content, order, lambda stage: answer({"stage": stage}))
        return {"at": self._memory.put(plan), "bytes": len(plan)}

    def load(self, order: Dict[str, Any]) -> Dict[str, Any]:
        """Load an engine."""
        plan = self._memory.take(order["at"], order["bytes"])
        network = Network(self._trt, self._generation, self._log, self._cuda, plan, order["shape"], self._memory)
        number = max(self._networks, default=0) + 1
        self._networks[number] = network
        return dict(network.describe(), engine=number)

    def run(self, order: Dict[str, Any]) -> Dict[str, Any]:
        """Run a network on what lies in its input."""
        self._networks[order["engine"]].run()
        return {}

    def unload(self, order: Dict[str, Any]) -> Dict[str, Any]:
        """Let go of a network."""
        self._networks.pop(order["engine"]).close()
        return {}


def main() -> None:
    """Serve until nobody asks any more."""
    memory, lifeline = Memory(int(sys.argv[1])), int(sys.argv[2])
    end_with(lifeline)
    offer_as_victim()
    worker = None
    for line in sys.stdin:
        try:
            worker = worker or Worker(memory)
            order = json.loads(line)
            answer({"probe": worker.probe, "build": worker.build, "load": worker.load, "run": worker.run,
                    "unload": worker.unload}[order["do"]](order))
        except Exception as error:  # whatever TensorRT raises: it is for the other side to decide
            answer({"error": " ".join(f"{error}".split()) or type(error).__name__})


def end_with(lifeline: int) -> None:
    """Have the kernel end this process when the other end of the pipe is closed, be it by a crash.

    That is what the signal SIGIO does where nothing handles it (signal(7)), also to native code that never comes back.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def offer_as_victim() -> None:
    """See LIKELY_VICTIM."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(LIKELY_VICTIM)
    except OSError:
        pass  # a system that does not let it works without


def keep_answers_clean() -> int:
    """Keep standard output for answers alone: what native code prints goes where complaints go."""
    own = os.dup(1)
    os.dup2(2, 1)
    return own


def answer(message: Dict[str, Any]) -> None:
    """Send one line."""
    ANSWERS.write(json.dumps(message) + "\n")
    ANSWERS.flush()


if __name__ == "__main__":
    ANSWERS = os.fdopen(keep_answers_clean(), "w")
    main()

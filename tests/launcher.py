"""A stand-in for gst-launch-1.0 (GStreamer 1.14 to 1.22), which is not on every machine that runs the tests.

`put_launcher` copies this file into a folder; there it takes the options, elements and caps that the real one does, as
far as they are used here, and writes red pictures into the pipe of its fdsink: rows that begin at multiples of four
bytes (gst-plugins-base, video-info.c, GST_VIDEO_FORMAT_RGB), the number of the picture in the first byte. Errors go to
standard error in the words of the real one; an interrupt ends it in order. What it does is in the file `behaviour`
beside it.
"""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

WELL, CHATTY, DIES, HALF, HANGS, FREEZES = "well", "chatty", "dies", "half", "hangs", "freezes"
ELEMENTS = ("videotestsrc", "nvarguscamerasrc", "nvvidconv", "queue", "videoscale", "videoconvert", "fdsink")
PICTURES = 5
"""So many come before it dies, stops half-way or freezes."""


def put_launcher(folder, monkeypatch, behaviour=WELL):
    """Make it the first gst-launch-1.0 on the path."""
    command = folder / "gst-launch-1.0"
    shutil.copy(__file__, command)
    command.write_text(f"#!{sys.executable} -IS\n" + command.read_text())
    command.chmod(0o755)
    (folder / "behaviour").write_text(behaviour)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def read_orders(folder):
    """The process id and the words of every call, oldest first."""
    return [json.loads(line) for line in (folder / "orders").read_text().splitlines()]


def main(folder, words):
    """Run a pipeline."""
    with open(folder / "orders", "a") as orders:
        orders.write(json.dumps([os.getpid(), words]) + "\n")
    behaviour = (folder / "behaviour").read_text()
    width, height, rate, sink = parse(words)
    if behaviour == FREEZES:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGINT, lambda number, frame: end_in_order(folder))
    for number in range(1000000):
        if behaviour == HANGS or (number == PICTURES and behaviour in (DIES, HALF, FREEZES)):
            stop(behaviour, sink, width * height)
        if behaviour == CHATTY:
            print("GST_ARGUS: Available Sensor modes :\n" * 1000, flush=True)  # NVIDIA's element does so, by printf
        row = (b"\xff\0\0" * width).ljust((3 * width + 3) // 4 * 4, b"\0")
        picture = bytes([number % 256]) + (row * height)[1:]
        while picture:
            picture = picture[os.write(sink, picture):]
        time.sleep(1 / rate)


def parse(words):
    """Width, height, pictures a second and the file descriptor of a command line."""
    if words[:1] != ["-q"]:
        fail("it talks on standard output without -q")
    elements = [part.split() for part in " ".join(words[1:]).split(" ! ")]
    caps = {}
    for element in elements:
        if element[0].startswith("video/x-raw"):
            caps.update(item.split("=") for item in element[0].split(",")[1:])
        elif element[0] not in ELEMENTS:
            fail(f'WARNING: erroneous pipeline: no element "{element[0]}"')
    if caps.get("format") != "RGB" or elements[-1][0] != "fdsink":
        fail("WARNING: erroneous pipeline: no pictures in RGB come to an fdsink")
    rate = int(caps.get("framerate", "30/1").split("/")[0])
    return int(caps["width"]), int(caps["height"]), rate, int(elements[-1][1].split("=")[1])


def stop(behaviour, sink, pixels):
    """End in one of the ways in which a pipeline ends, or does not."""
    if behaviour == HALF:
        os.write(sink, b"\xff" * (pixels // 2))
    if behaviour in (HANGS, FREEZES):
        time.sleep(1000)
    fail("ERROR: from element /GstPipeline:pipeline0/GstVideoTestSrc:videotestsrc0: Internal data stream error.\n"
         "Additional debug info:\n../libs/gst/base/gstbasesrc.c(3132): gst_base_src_loop (): the place in the source")


def end_in_order(folder):
    """As gst-launch-1.0 does on SIGINT: the elements let go of what they hold."""
    (folder / "ended in order").touch()
    sys.exit(0)


def fail(words):
    """Say why, and end."""
    print(words, file=sys.stderr)
    sys.exit(255)


if __name__ == "__main__":
    main(Path(__file__).parent, sys.argv[1:])

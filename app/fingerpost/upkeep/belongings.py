"""What lies in the state folder and is the wearer's own."""

from __future__ import annotations

from .preferences import PREFERENCES

STORE = "objects.sqlite"
"""What was taught; files whose names begin so belong to it."""
CAMERA_RECORD, FINGERTIP_RECORD = "camera.json", "fingertip.json"
"""What `fingerpost calibrate` keeps of the wearer's lens and finger."""
WAY = "way.json"
"""The way to look at things that was chosen last."""
DEVICE = "device.json"
"""The id by which the device knows its own files on a stick (stick/files.py). It tells nothing of the wearer, and stays
when all else is forgotten: who has done that by mistake gets their own back-up back."""
OWN_FILES = (
    PREFERENCES, CAMERA_RECORD, FINGERTIP_RECORD, WAY, "lesson.json", "lineage.json", "lineage-fingertip.json",
    "lineage-detector.json", "retrained.json", "retraining.log", "retraining.lock", "narration.wav")
"""Small files, but for those of the store; the last is what was said while there was no sound card."""
OWN_FOLDERS = ("diary", "clips", "companion", "retraining")
"""What was said; speech that was rendered, names of things among it; labels, jobs and pairings of the companion page;
and pictures that a retraining has left."""

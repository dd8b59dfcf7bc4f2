"""The Python package lives in app/; what it needs besides code is installed to share/fingerpost."""

from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
SHARED = ("models", "assets", "calibration", "hardware", "systemd")


def list_shared():
    """The files of the folders beside app/, as setuptools' data_files wants them."""
    groups = {}
    for folder in SHARED:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file():
                relative = path.relative_to(ROOT)
                groups.setdefault(f"share/fingerpost/{relative.parent}", []).append(str(relative))
    return sorted(groups.items())


setup(package_dir={"": "app"}, packages=find_packages("app"), data_files=list_shared())

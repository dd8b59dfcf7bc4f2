"""`fingerpost calibrate page`: a page to print, as SVG. Any printer and any scale will do."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import List

from ..calibrating.markers import CELLS, draw_marker
from ..calibrating.sheets import ACROSS, CAMERA_BOARD, DOWN, FINGER_PAGE, SQUARE, TARGET_RADIUS, Sheet
from ..core.errors import DataError
from ..wholefile import write_whole

SHEETS = {sheet.name: sheet for sheet in (CAMERA_BOARD, FINGER_PAGE)}
MARGIN = 3.0
"""Millimetres around the page, so that its outline is printed whole."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("page", choices=sorted(SHEETS), help="which page")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the SVG file to write")


def main(args: argparse.Namespace) -> int:
    """Write the page."""
    if args.out.suffix.lower() != ".svg":
        raise DataError(f"{args.out} would not be an SVG file: give --out a name that ends in .svg")
    try:
        write_whole(args.out, draw_sheet(SHEETS[args.page]).encode())
    except OSError as error:
        raise DataError(f"{args.out} cannot be written ({error.strerror}): choose another --out") from error
    print(f"{args.out}: print it on A4 or Letter paper")
    return 0


def draw_sheet(sheet: Sheet) -> str:
    """A page as SVG; one unit is one millimetre."""
    width, height = sheet.width + 2 * MARGIN, sheet.height + 2 * MARGIN
    parts = draw_targets() if sheet is FINGER_PAGE else draw_squares()
    for number in sorted(sheet.markers):
        parts += draw_cells(sheet, number)
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
                      f'viewBox="{-MARGIN:g} {-MARGIN:g} {width:g} {height:g}" shape-rendering="crispEdges">',
                      _rectangle(-MARGIN, -MARGIN, width, height, "white"), *parts, "</svg>", ""])


def draw_targets() -> List[str]:
    """The outline to cut along, and the targets on it: what lies outside of it is cut away with the paper."""
    page = FINGER_PAGE
    clip = f'<clipPath id="page"><rect width="{page.width:g}" height="{page.height:g}"/></clipPath>'
    dots = [f'<circle cx="{x:g}" cy="{y:g}" r="{TARGET_RADIUS:g}" clip-path="url(#page)"/>' for x, y in page.points]
    outline = (f'<rect width="{page.width:g}" height="{page.height:g}" fill="none" stroke="black" '
               'stroke-width="0.3"/>')
    words = (f'<text x="{page.width / 2:g}" y="46" font-size="3" text-anchor="middle" font-family="sans-serif">'
             'Fingerpost: cut along the line</text>')
    return [clip, *dots, outline, words]


def draw_squares() -> List[str]:
    """The black squares of the board."""
    return [_rectangle(column * SQUARE, row * SQUARE, SQUARE, SQUARE) for row in range(DOWN) for column in range(ACROSS)
            if (column + row) % 2 == 0]


def draw_cells(sheet: Sheet, number: int) -> List[str]:
    """One marker: a black square with its white cells on it."""
    left, top = sheet.markers[number]
    cell = sheet.side / CELLS
    white = [(column, row) for row, cells in enumerate(draw_marker(number)) for column, lit in enumerate(cells) if lit]
    return [_rectangle(left, top, sheet.side, sheet.side),
            *(_rectangle(left + column * cell, top + row * cell, cell, cell, "white") for column, row in white)]


def _rectangle(left: float, top: float, width: float, height: float, fill: str = "black") -> str:
    return f'<rect x="{left:.6g}" y="{top:.6g}" width="{width:.6g}" height="{height:.6g}" fill="{fill}"/>'

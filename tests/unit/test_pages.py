"""Rows read from bare pages are the rows that SQLite reads."""

from __future__ import annotations

import sqlite3

import numpy as np

from fingerpost.memory.pages import PAGE_BYTES, find_rows, read_pages

NUMBERS = [0, 1, -1, 127, -129, 2 ** 15, -2 ** 23, 2 ** 31, 2 ** 40, -2 ** 47, 2 ** 62, -2 ** 63, 0.5, -1e300, None]
SIZES = [0, 1, 100, 3900, 4040, 4050, 4060, 4070, 4090, 8200, 12345, 100_000]


def make(path, log=False):
    database = sqlite3.connect(str(path), isolation_level=None)
    if log:
        database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE rows (number, text, data)")
    random = np.random.default_rng(0)
    rows = [(number, "é" * index, b"") for index, number in enumerate(NUMBERS)]
    rows += [(size, "long", random.bytes(size)) for size in SIZES]
    database.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
    return database, list(enumerate(rows, start=1))


def test_all_kinds_of_values_and_rows_of_all_lengths(tmp_path):
    path = tmp_path / "rows.sqlite"
    database, rows = make(path)
    database.close()
    assert set(rows) <= set(find_rows(read_pages(path)))


def test_the_log_lies_over_the_file(tmp_path):
    path = tmp_path / "rows.sqlite"
    database, rows = make(path, log=True)
    database.execute("UPDATE rows SET text = 'newer' WHERE rowid = 1")
    found = set(find_rows(read_pages(path)))
    assert {(1, (0, "newer", b"")), *rows[1:]} <= found
    assert rows[0] not in found
    database.close()


def test_garbage_raises_nothing(tmp_path):
    random = np.random.default_rng(0)
    path = tmp_path / "noise.sqlite"
    for _ in range(50):
        pages = [b"\x0d" + random.bytes(PAGE_BYTES - 1) for _ in range(3)]
        path.write_bytes(b"".join(pages))
        assert all(isinstance(number, int) for number, _ in find_rows(read_pages(path)))
    path.write_bytes(b"short")
    assert list(find_rows(read_pages(path))) == []

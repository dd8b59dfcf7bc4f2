"""The companion page's files as they ship: whole, alike, and without anything from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from fingerpost.home import asset_home

FOLDER = asset_home() / "assets" / "companion"
PAGES = sorted(FOLDER.glob("*.html"))
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".html", ".css", ".js", ".svg"))


class Outline(HTMLParser):
    """The start tags of a page, each with its attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def find(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(params=PAGES, ids=lambda path: path.stem)
def page(request):
    return Outline(request.param.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(path):
    found = re.findall(r"https?://[^\s\"']+", path.read_text(encoding="utf-8"))
    assert set(found) <= {"http://www.w3.org/2000/svg"}


def test_a_page_has_no_script_and_no_style_within(page):
    assert all("src" in script for script in page.find("script"))
    assert page.find("style") == []
    assert not [name for _, attributes in page.tags for name in attributes if name == "style" or name.startswith("on")]


def test_a_page_tells_its_language_its_title_and_where_its_content_is(page):
    assert page.find("html") == [{"lang": "en"}]
    assert len(page.find("title")) == len(page.find("h1")) == len(page.find("main")) == 1


def test_ids_are_unique_and_all_that_is_referred_to_is_there(page):
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    wanted = {word for _, attributes in page.tags for name in ("for", "aria-labelledby", "aria-describedby", "list")
              for word in attributes.get(name, "").split()}
    assert wanted <= set(ids)


def test_all_files_that_a_page_names_ship(page):
    named = [attributes[name] for _, attributes in page.tags for name in ("src", "href")
             if attributes.get(name, "").startswith("/static/")]
    assert named
    assert all((FOLDER / name[len("/static/"):]).is_file() for name in named)


def test_modules_import_only_modules_that_ship():
    for path in FOLDER.glob("*.js"):
        for name in re.findall(r"from \"(.+?)\"", path.read_text(encoding="utf-8")):
            assert (FOLDER / name).is_file(), f"{path.name} imports {name}"


def test_the_way_between_the_pages_is_the_same_on_all():
    headers = set()
    for path in PAGES:
        found = re.search(r"<header class=\"top\">.*?</header>", path.read_text(encoding="utf-8"), re.DOTALL)
        if found:
            headers.add(found.group().replace(" aria-current=\"page\"", ""))
    assert len(headers) == 1

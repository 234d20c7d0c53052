"""What is vendored is what was taken over; what is served is named after its content."""

import hashlib
import re

from webui.static_files import FOLDERS, HERE, StaticFiles

PHYSICAL = re.compile(
    r"(?<![\w-])(?:margin|padding|border)-(?:left|right|top|bottom)|(?<![\w-])(?:left|right|top|bottom)\s*:"
    r"|text-align:\s*right|float:"
)


def test_vendored_files_are_as_they_were_taken_over() -> None:
    folder = HERE / "vendored"
    sums = dict(line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    for path in folder.iterdir():
        if path.name in {"SHA256SUMS", "README.md"}:
            continue
        assert sums.pop(path.name) == hashlib.sha256(path.read_bytes()).hexdigest(), path.name
    assert sums == {}


def test_names_change_with_the_content_and_the_sheet_finds_its_fonts() -> None:
    files = StaticFiles()
    sheet = files.text("style.css")
    for name in re.findall(r'url\("([^"]+)"\)', sheet):
        assert re.fullmatch(r"[\w-]+\.[0-9a-f]{10}\.woff2", name)
        assert files.url(re.sub(r"\.[0-9a-f]{10}", "", name)).endswith(name)


def test_the_sheet_knows_no_left_and_right() -> None:
    sheet = (HERE / "static" / "style.css").read_text()
    sheet = re.sub(r"\.wire \{[^}]*\}", "", sheet)  # a wire has one direction
    assert PHYSICAL.findall(sheet) == []


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    for folder in (FOLDERS[1], HERE / "templates"):
        for path in folder.iterdir():
            text = path.read_text().replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"(?:src|href)=\"https?:|@import|\son\w+=\"|\sstyle=\"", text), (
                path
            )
            if path.suffix == ".html" and path.name != "report_file.html":
                assert not re.search(r"<style|<script(?! src)", text), path.name
            if path.suffix == ".js":
                assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(", text)

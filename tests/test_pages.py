import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import page_tables  # noqa: E402


@pytest.mark.parametrize("page", page_tables.PAGES, ids=lambda page: page.name)
def test_the_tables_are_the_datas(page: Path):
    text = page.read_text(encoding="utf-8")
    assert page_tables.filled(text, page_tables.PAGES[page]) == text, "run python tools/page_tables.py"


@pytest.mark.parametrize("page", page_tables.PAGES, ids=lambda page: page.name)
def test_a_drifted_table_is_seen_and_mended(page: Path):
    text, tables = page.read_text(encoding="utf-8"), page_tables.PAGES[page]
    begin = f"<!-- {next(iter(tables))} -->\n"
    drifted = text.replace(begin, f"{begin}drifted\n")
    assert drifted != text
    assert page_tables.filled(drifted, tables) == text


def test_a_lost_place_is_an_error():
    with pytest.raises(SystemExit, match="columns"):
        page_tables.filled("no places", page_tables.PAGES[page_tables.README])


def test_links_in_the_documents_lead_somewhere():
    import re

    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"

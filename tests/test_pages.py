import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import readme_tables  # noqa: E402


def test_readmes_tables_are_the_datas():
    text = readme_tables.README.read_text(encoding="utf-8")
    assert readme_tables.filled(text) == text, "run python tools/readme_tables.py"


def test_a_drifted_table_is_seen_and_mended():
    text = readme_tables.README.read_text(encoding="utf-8")
    drifted = text.replace("AUROC", "AUR0C")
    assert drifted != text
    assert readme_tables.filled(drifted).count("AUROC") >= 1


def test_a_lost_place_is_an_error():
    with pytest.raises(SystemExit, match="columns"):
        readme_tables.filled("no places")


def test_links_in_the_documents_lead_somewhere():
    import re

    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md"):
        for target in re.findall(r"\]\(([^)#]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name} links to {target}"

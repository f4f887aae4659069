"""The page is whole, self-contained, and believes no name."""

from html.parser import HTMLParser
from pathlib import Path

from actionunits.estimators import load_estimator
from actionunits.overview import Corpus, write_page


class Reader(HTMLParser):
    """Collects tags, and every attribute that could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data: str) -> None:
        self.text.append(data.strip())


def test_the_page(batch_out: Path, tmp_path: Path) -> None:
    write_page(Corpus(batch_out), tmp_path / "page.html")
    reader = Reader()
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    reader.feed(text)
    assert not reader.links
    assert not {"script", "iframe", "b", "i", "link", "img"} & set(reader.tags)
    assert "<b>ben</b>" in reader.text, "shown as it is written"
    assert "bad <i>.mp4" in reader.text
    shown = " ".join(reader.text)
    for said in ("files done 3", "files failed 1", "frames 30", "AU04 Brow lowerer", "known format"):
        assert said in shown
    assert reader.tags.count("tr") == 1 + len(load_estimator().card.aus) + 1 + 1 + 1 + 2 + 1 + 3

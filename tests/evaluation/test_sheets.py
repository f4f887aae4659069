"""Tables as text: everything escaped, nothing lost, nothing fetched."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionunits.errors import UsageError
from actionunits.evaluation.sheets import FORMATS, Row, Sheet, format_of, render

NASTY = [
    "<script>alert(1)</script>",
    "a\"b'c & d",
    "x | y",
    "50 % of $5 #1 a_b {c} ~ ^ \\end{document}",
    "[link](http://x)",
    "`code` *bold*",
    "line\nbreak",
    "=1+1",
]
WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85"), max_size=20)


def nasty_sheet(texts):
    rows = tuple(Row((text, text), remarks=(text,), ours=bool(place % 2)) for place, text in enumerate(texts))
    return Sheet(texts[0], ("name", texts[0]), rows, notes=tuple(texts))


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.cells, self.open = set(), [], [], None

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag == "td":
            self.open = ""
        elif tag == "sup":
            self.skip = True

    def handle_endtag(self, tag):
        if tag == "td":
            self.cells.append(self.open)
            self.open = None

    def handle_data(self, data):
        if self.open is not None:
            self.open += data


def test_html_has_no_tag_but_its_own():
    reader = Reader()
    text = render([nasty_sheet(NASTY)], "html")
    reader.feed(text)
    own = {"html", "head", "meta", "title", "style", "body", "h2", "table", "thead", "tbody", "tr", "th", "td", "sup"}
    assert reader.tags <= own | {"ol", "ul", "li"}
    assert {name for name, _ in reader.attributes} <= {"lang", "charset", "class", "scope"}
    assert not re.search(r"(src|href|url\(|@import)", text)


@given(st.lists(WORDS.map(lambda text: " ".join(text.split())).filter(bool), min_size=1, max_size=4))
def test_html_and_csv_give_every_cell_back(texts):
    sheet = Sheet("t", ("a", "b"), tuple(Row((text, text)) for text in texts))
    reader = Reader()
    reader.feed(render([sheet], "html"))
    assert reader.cells == [text for text in texts for _ in range(2)]
    lines = list(csv.reader(io.StringIO(render([sheet], "csv"))))
    assert lines == [["a", "b"], *([text, text] for text in texts)]


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_latex_specials_are_all_escaped(texts):
    body = render([Sheet("t", ("a", "b"), tuple(Row((text, text)) for text in texts))], "tex")
    inside = body.split("\\midrule\n")[1].split("\n\\bottomrule")[0]
    for line in inside.split("\n"):
        assert line.endswith(r" \\")
        bare = re.sub(r"\\(text[a-z]+\{\}|[&%$#_{}])", "", line.removesuffix(r" \\"))
        bare = bare.replace("{[}", "").replace("{]}", "")
        assert bare.count("&") == 1
        assert not set("\\%$#_{}~^[]") & set(bare)


def test_latex_is_balanced_and_names_its_package():
    text = render([nasty_sheet(NASTY)], "tex")
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    assert text.count("\\begin") == text.count("\\end") == 2
    assert "booktabs" in text.splitlines()[0]


def test_markdown_cells_stay_in_their_columns():
    text = render([nasty_sheet(NASTY)], "md")
    lines = [line for line in text.splitlines() if line.startswith("| ") or line.startswith("|-")]
    assert len(lines) == len(NASTY) + 2
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {3}
    assert "<script" not in text
    assert len({len(line) for line in lines}) == 1  # aligned


def test_footnotes_are_numbered_by_first_mention_and_shared():
    sheet = Sheet("t", ("a",), (Row(("x",), ("one", "two")), Row(("y",)), Row(("z",), ("two",))))
    assert sheet.remarks == ("one", "two")
    text = render([sheet], "md")
    assert "x[1][2]" in text
    assert "z[2]" in text
    assert "1. one\n2. two" in text
    assert "<sup>1,2</sup>" in render([sheet], "html")
    assert "x$^{1,2}$" in render([sheet], "tex")
    assert render([sheet], "csv") == "a,remarks\nx,one; two\ny,\nz,two\n"


def test_columns_that_only_csv_has():
    sheet = Sheet("t", ("a",), (Row(("x",), extra=("p",)), Row(("y",))), extra=("more",))
    assert render([sheet], "csv") == "a,more\nx,p\ny,\n"
    assert "more" not in render([sheet], "md")


def test_wrong_shapes_and_formats():
    with pytest.raises(UsageError, match="other columns"):
        Sheet("t", ("a", "b"), (Row(("x",)),))
    with pytest.raises(UsageError, match="md, csv, html, tex"):
        render([Sheet("t", ("a",), ())], "pdf")
    assert [format_of(Path(f"x.{name}")) for name in FORMATS] == list(FORMATS)
    with pytest.raises(UsageError, match=r"\.tex"):
        format_of(Path("x.pdf"))

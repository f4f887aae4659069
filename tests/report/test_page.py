"""The page as text: what stands in it, what cannot break out of it, and how large it grows."""

import re
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

from actionunits.errors import ResultsError
from actionunits.facs import DISFA_12, AUSet
from actionunits.report import ReportRows, write_report
from actionunits.results import arrow_schema
from actionunits.samples import SAMPLE_CLIP


class Outline(HTMLParser):
    """Tags with their attributes, and the text of elements that are no script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(table, sidecar, path, aus, **words) -> str:
    rows = ReportRows(aus)
    for batch in table.to_batches():
        rows.write(batch)
    write_report(path, rows, sidecar, **words)
    return path.read_text(encoding="utf-8")


@pytest.fixture
def table(made_up):
    waves = 2.5 + 2.5 * np.sin(np.arange(200)[:, None] / [9, 13])
    return made_up(np.arange(200) / 25, {0: waves, 1: waves[::-1]}, (6, 12))


def test_what_stands_in_it(table, sidecar_of, tmp_path):
    facts = sidecar_of(aus=(6, 12), warnings=("a warning",))
    page = Outline(page_of(table, facts, tmp_path / "a.html", (6, 12)))
    text = re.sub(r"\s+", " ", " ".join(page.words))
    for words in (
        "200 frames, 8.000 s",
        "2 people",
        "a warning",
        "AU12 Lip corner puller",
        facts.weights_sha256,
        "Left out",
    ):
        assert words in text
    for name in facts.model_dump():
        assert name in text
    assert not [attributes for attributes in page.all("script") if "src" in attributes]
    assert not page.all("link")


def test_tables_can_be_heard(table, sidecar_of, tmp_path):
    page = Outline(page_of(table, sidecar_of(aus=(6, 12)), tmp_path / "a.html", (6, 12)))
    assert len(page.all("table")) == len(page.all("caption")) == 9
    assert all("scope" in attributes for attributes in page.all("th"))
    assert all(attributes.get("aria-label") for attributes in page.all("div") if attributes.get("role") == "region")
    assert all("tabindex" in attributes for attributes in page.all("div") if attributes.get("role") == "region")
    assert page.all("html")[0]["lang"] == "en"
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for attributes in page.all("button"):
        if attributes.get("role") == "tab":
            assert attributes["aria-controls"] in ids
    for name in ("aria-labelledby", "for"):
        assert {attributes[name] for _, attributes in page.tags if name in attributes} <= set(ids)


@pytest.mark.parametrize(
    "evil", ["</script><b>x</b>", "<!--<script>", "a & b \"c\" 'd'", "{{ 7 * 7 }}", "\u2028x", "=1+1"]
)
def test_names_stay_names(table, sidecar_of, tmp_path, evil):
    facts = sidecar_of(aus=(6, 12), source=evil, warnings=(evil,), command_line=(evil,))
    plain = Outline(page_of(table, sidecar_of(aus=(6, 12)), tmp_path / "b.html", (6, 12)))
    page = Outline(page_of(table, facts, tmp_path / "a.html", (6, 12)))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert evil in "".join(page.words)


@pytest.mark.parametrize("name", ["a b&c.mp4", "javascript:x.mp4", "ünï#?.mp4", '"><b>.mp4'])
def test_the_address_of_the_video_is_beside_the_page(table, sidecar_of, tmp_path, name):
    (tmp_path / "in").mkdir()
    media = tmp_path / "in" / name
    media.write_bytes(SAMPLE_CLIP.read_bytes()[:4096])
    page = Outline(page_of(table, sidecar_of(aus=(6, 12)), tmp_path / "a.html", (6, 12), media=media))
    (video,) = page.all("video")
    assert video["src"].startswith("./in/")
    assert not set('"<>#? ') & set(video["src"])
    assert video["src"].split("/")[-1] == media.as_uri().split("/")[-1].replace(":", "%3A").replace("&", "%26")


def test_no_recording_to_show(table, sidecar_of, tmp_path):
    page = Outline(page_of(table, sidecar_of(aus=(6, 12)), tmp_path / "a.html", (6, 12), media=tmp_path / "gone.mp4"))
    assert not page.all("video")


def test_a_crowd(made_up, sidecar_of, tmp_path):
    people = {face: np.where(np.arange(60)[:, None] < face + 2, 2.0, np.nan) for face in range(30)}
    text = page_of(made_up(np.arange(60) / 25, people), sidecar_of(aus=(12,)), tmp_path / "a.html", (12,))
    page = Outline(text)
    assert sum(attributes.get("role") == "tab" for attributes in page.all("button")) == 24
    assert "6 more people were seen" in re.sub(r"\s+", " ", " ".join(page.words))


def test_it_is_written_aside(table, sidecar_of, tmp_path):
    with pytest.raises(ResultsError, match="its folder does not exist"):
        page_of(table, sidecar_of(aus=(6, 12)), tmp_path / "no" / "a.html", (6, 12))


def test_ten_minutes_of_two_people_stay_under_10_mb(sidecar_of, tmp_path):
    aus, frames = AUSet((*DISFA_12, 7, 10, 14, 18, 22, 23, 24, 27, 28, 43, 16)), 18_000
    rng = np.random.default_rng(0)
    strength = np.clip(np.cumsum(rng.normal(0, 0.2, (2 * frames, len(aus))), axis=0) % 8 - 3, 0, 5)
    columns = {
        "source": ["talk.mp4"] * (2 * frames),
        "frame": np.repeat(np.arange(frames), 2),
        "timestamp": np.round(np.repeat(np.arange(frames), 2) / 30, 6),
        "face_id": np.tile([0, 1], frames).astype(np.int32),
        "success": np.ones(2 * frames, np.int8),
        "flags": np.where(np.arange(2 * frames) // 500 % 7 == 3, "turned", "").tolist(),
    }
    for place, stem in enumerate(aus.columns):
        columns[f"{stem}_r"] = strength[:, place].astype(np.float32)
        columns[f"{stem}_p"] = (strength[:, place] / 5).astype(np.float32)
        columns[f"{stem}_c"] = (strength[:, place] >= 1.5).astype(np.int8)
    schema = arrow_schema(aus)
    table = pa.table({name: columns.get(name, np.full(2 * frames, 50, np.float32)) for name in schema.names}, schema)
    text = page_of(table, sidecar_of(aus=tuple(aus)), tmp_path / "a.html", aus)
    assert len(aus) == 23
    assert 5e6 < len(text.encode()) < 10e6

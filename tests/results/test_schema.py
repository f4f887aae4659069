"""The schema: DESIGN section 5 word for word, types, metadata, and the generated table of columns."""

import pyarrow as pa
import pytest

from actionunits.errors import UsageError
from actionunits.faces.face import FLAGS
from actionunits.facs import GEOMETRY_23
from actionunits.results import SCHEMA_VERSION, arrow_schema, columns, markdown_table
from actionunits.results.schema import aus_of, has_sides, source_text

DESIGN = (
    "source, frame, timestamp, face_id, success, confidence, face_x, face_y, face_w, face_h, pose_pitch, pose_yaw, "
    "pose_roll, interocular_px, sharpness, flags, AU01_p, AU01_c, AU01_r, AU02_p, AU02_c, AU02_r"
)


def test_columns_are_the_designs():
    assert ", ".join(column.name for column in columns("1,2")) == DESIGN
    assert len(columns(GEOMETRY_23)) == 16 + 3 * 23
    assert columns([]) == columns("1")[:16]


def test_columns_follow_the_order_of_the_set():
    assert [column.name for column in columns([12, 1])][16::3] == ["AU12_p", "AU01_p"]


@pytest.mark.parametrize("aus", ["3", [1, 1], "1,AU99"])
def test_unknown_or_repeated_aus_are_refused(aus):
    with pytest.raises(UsageError):
        columns(aus)


@pytest.mark.parametrize(
    ("name", "arrow_type", "nullable"),
    [
        ("source", pa.string(), False),
        ("frame", pa.int64(), False),
        ("timestamp", pa.float64(), False),
        ("success", pa.int8(), False),
        ("face_id", pa.int32(), True),
        ("confidence", pa.float32(), True),
        ("flags", pa.string(), True),
        ("AU01_p", pa.float32(), True),
        ("AU01_c", pa.int8(), True),
        ("AU01_r", pa.float32(), True),
    ],
)
def test_types(name, arrow_type, nullable):
    field = arrow_schema("1").field(name)
    assert (field.type, field.nullable) == (arrow_type, nullable)


@pytest.mark.parametrize(
    ("name", "decimals"),
    [
        ("timestamp", 6),
        ("face_x", 2),
        ("pose_yaw", 2),
        ("sharpness", 2),
        ("confidence", 4),
        ("AU01_p", 4),
        ("AU01_r", 3),
        ("AU01_c", None),
        ("frame", None),
    ],
)
def test_decimals(name, decimals):
    assert {column.name: column.decimals for column in columns("1")}[name] == decimals


def test_metadata_tells_version_unit_and_meaning():
    schema = arrow_schema("12")
    assert schema.metadata == {b"actionunits.schema_version": str(SCHEMA_VERSION).encode()}
    assert schema.field("pose_yaw").metadata[b"unit"] == b"degrees"
    assert "AU12 (Lip corner puller)" in schema.field("AU12_r").metadata[b"meaning"].decode()


def test_every_column_says_what_it_means():
    assert all(column.meaning for column in columns("1"))
    assert all(column.unit for column in columns("1") if column.decimals is not None)


def test_markdown_table_has_a_row_for_each_column():
    header, rule, *rows = markdown_table().splitlines()
    assert header.count("|") == rule.count("|") == 6
    assert all(row.count("|") == 6 for row in rows)
    named = [row.split("`")[1] for row in rows]
    assert named == [column.name for column in columns([])] + ["AUxx_p", "AUxx_c", "AUxx_r", "AUxx_left", "AUxx_right"]


def test_sides_are_columns_where_asked():
    plain, sides = columns("1,12"), columns("1,12", sides=True)
    assert [each.name for each in sides if each not in plain] == ["AU01_left", "AU01_right", "AU12_left", "AU12_right"]
    assert [each for each in sides if each in plain] == list(plain)
    assert has_sides([each.name for each in sides])
    assert not has_sides([each.name for each in plain])
    assert aus_of([each.name for each in sides]) == aus_of([each.name for each in plain])


def test_flags_can_be_joined_with_a_bar():
    assert not any("|" in flag or "," in flag for flag in FLAGS)


def test_aus_of_reads_column_names_only():
    assert aus_of(["AU12_p", "AU1_p", "AU12_x", "xAU02_p", "AU04_r", "AU12_r"]).numbers == (12, 4)


@pytest.mark.parametrize(("name", "text"), [("ünï 漢.mp4", "ünï 漢.mp4"), ("caf\udce9.mp4", r"caf\udce9.mp4")])
def test_source_text_is_valid_unicode(name, text):
    assert source_text(name) == text

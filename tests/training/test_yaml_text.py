"""YAML 1.2's plain values, and nothing that grows, surprises, or makes objects."""

import pytest

pytest.importorskip("yaml")

from actionunits.errors import UsageError
from actionunits.training.yaml_text import parse_yaml, write_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 1e-3),
        ("5E4", 5e4),
        (".5", 0.5),
        ("-2.", -2.0),
        ("7", 7),
        ("+7", 7),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("yes", "yes"),
        ("010", "010"),
        ("1:30", "1:30"),
        ("2026-01-02", "2026-01-02"),
        ("1,2,12", "1,2,12"),
        ("[1, a, 2.5]", [1, "a", 2.5]),
        ("{on: validation}", {"on": "validation"}),
        ("'1e-3'", "1e-3"),
    ],
)
def test_plain_values(text, value):
    found = parse_yaml(text, "here")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x", "aliases are not allowed"),
        ("a: 1\na: 2", "there twice"),
        ("1: 2", "no word"),
        ("!!python/object/apply:os.system ['true']", "cannot be read as YAML"),
        ("a: [1", "cannot be read as YAML in line 1"),
        ("[" * 5000, "nested too deep"),
        ("a" * 70_000, "more than 65536 characters"),
        ("a: b: c", "line 1"),
        ("a\x00b", "cannot be read as YAML"),
    ],
    ids=range(9),
)
def test_what_is_refused_is_named(text, said):
    with pytest.raises(UsageError, match=said) as caught:
        parse_yaml(text, "there.yaml")
    assert caught.value.subject == "there.yaml"


def test_what_is_written_is_read_again():
    values = {"a": {"on": True, "rate": 1e-5, "many": [1, None, "1e-3", "no", "ä"]}, "b": "1,2"}
    assert parse_yaml(write_yaml(values), "") == values
    assert list(parse_yaml(write_yaml({"z": 1, "a": 2}), "")) == ["z", "a"]

"""YAML as recipes use it: plain values of YAML 1.2, so that ``on`` is a word and ``1e-3`` a number."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from actionunits.errors import UsageError

MOST_BYTES = 2**16
"""A recipe is a page of text."""

_TAG = "tag:yaml.org,2002:"
_PLAIN = (
    ("null", r"(?:~|null|)\Z", ["~", "n", ""]),
    ("bool", r"(?:true|false)\Z", ["t", "f"]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)\Z", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", list("-+.0123456789")),
)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Without aliases, by which a short file can grow without bound, and without keys that are there twice."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for (key, _), name in zip(node.value, keys, strict=True):
            if not isinstance(name, str) or keys.count(name) > 1:
                problem = f"key {name!r} is there twice" if isinstance(name, str) else f"key {name!r} is no word"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return made


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Puts in quotes what either version of YAML would take for something else than a text."""


_Loader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in _PLAIN:
    for _one in (_Loader, _Dumper):
        _one.add_implicit_resolver(_TAG + _kind, re.compile(_pattern), _first)


def parse_yaml(text: str, where: str) -> Any:
    """Read a YAML text.

    Args:
        text: one document.
        where: its file, or what the caller wrote, for errors.

    Returns:
        Plain values: mappings by words, lists, texts, numbers, booleans and None.

    Raises:
        UsageError: it is no YAML, is too long, has aliases or types of its own, or a key is there twice.
    """
    if len(text) > MOST_BYTES:
        raise UsageError(where, f"has more than {MOST_BYTES} characters", "Name a recipe")
    try:
        return yaml.load(text, _Loader)  # noqa: S506  # a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as failure:
        mark = getattr(failure, "problem_mark", None)
        said = "nested too deep" if isinstance(failure, RecursionError) else getattr(failure, "problem", failure)
        line = "" if mark is None else f" in line {mark.line + 1}"
        raise UsageError(where, f"cannot be read as YAML{line} ({said})", "Mend the text") from failure


def write_yaml(values: Mapping[str, Any]) -> str:
    """The text of plain values, in their order; :func:`parse_yaml` gives them back."""
    text: str = yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text

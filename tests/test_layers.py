"""The house plan: imports point downwards only, no circles on a floor, and no heavy library in the core."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import actionunits

ROOT = Path(actionunits.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

FLOORS = (  # lowest first
    ("defaults", "errors", "facs"),
    ("atomic", "assets", "geometry", "metrics", "pool"),
    ("media",),
    ("faces",),
    ("results", "store"),
    ("estimators",),
    ("account",),
    ("resting",),
    ("analyzer",),
    ("viz",),
    ("report",),
    ("outputs",),
    ("live",),
    ("service",),
    ("synth",),
    ("datasets",),
    ("prepare",),
    ("loading",),
    ("statistics",),
    ("losses",),
    ("models",),
    ("evaluation", "agreement"),
    ("training",),
    ("explain", "export"),
    ("cluster",),
    ("overview",),
    ("bench",),
    ("cli",),
)
LEVELS = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
ANYWHERE = {"samples"}  # a path and nothing else
FRONT_DOOR = "__init__"  # hands names out when they are first used
FORBIDDEN = {
    "torch",
    "torchvision",
    "ray",
    "sklearn",
    "skimage",
    "matplotlib",
    "lightning",
    "timm",
    "pooch",
    "fastapi",
    "prometheus_client",
    "starlette",
    "uvicorn",
    "requests",
    "plotly",
    "jinja2",
}
OF_EXTRAS = {  # what rooms of the extras may import
    "report": {"plotly", "jinja2"},
    "overview": {"jinja2"},
    "evaluation": {"sklearn"},
    "loading": {"torch", "torchvision", "lightning"},
    "losses": {"torch"},
    "models": {"torch", "torchvision", "timm"},
    "training": {"torch", "lightning"},
    "explain": {"torch", "sklearn"},
    "export": {"torch"},
    "bench": {"torch"},
    "cluster": {"ray"},
    "service": {"fastapi", "prometheus_client", "starlette", "uvicorn"},
}


def room_of(path: Path) -> str:
    """The folder, or the module, directly under the package that a file belongs to."""
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file names in an import, absolute, with the line."""
    package = ("actionunits", *path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            if module == "actionunits":
                yield from ((f"actionunits.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield module, node.lineno


def rooms_used(path: Path) -> Iterator[tuple[str, int]]:
    """The rooms of this package that a file uses, its own left out."""
    for name, line in imported(path):
        parts = name.split(".")
        if parts[0] == "actionunits" and len(parts) > 1 and parts[1] in LEVELS and parts[1] != room_of(path):
            yield parts[1], line


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} - ANYWHERE - {FRONT_DOOR} == set(LEVELS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path: Path) -> None:
    room = room_of(path)
    if room == FRONT_DOOR:
        return
    if room in ANYWHERE:
        assert not list(rooms_used(path))
        return
    upwards = [
        f"{path.name}:{line} imports {other}" for other, line in rooms_used(path) if LEVELS[other] > LEVELS[room]
    ]
    assert not upwards


@pytest.mark.parametrize("floor", FLOORS, ids="+".join)
def test_no_circles_on_a_floor(floor: tuple[str, ...]) -> None:
    uses = {room: set[str]() for room in floor}
    for path in FILES:
        if room_of(path) in uses:
            uses[room_of(path)] |= {other for other, _ in rooms_used(path) if other in uses}
    while uses:  # take away rooms that use no other of those left, until none is left
        free = {room for room, others in uses.items() if not others & uses.keys()}
        assert free, f"a circle among {sorted(uses)}"
        uses = {room: others for room, others in uses.items() if room not in free}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_heavy_is_imported(path: Path) -> None:
    used = {name.split(".")[0] for name, _ in imported(path)}
    assert not used & (FORBIDDEN - OF_EXTRAS.get(room_of(path), set()))


def test_relative_imports_are_understood() -> None:
    """Else the tests above would prove nothing for files written in that manner."""
    used = {name for name, _ in imported(ROOT / "media" / "images.py")}
    assert "actionunits.errors" in used
    assert "actionunits.media.frame" in used

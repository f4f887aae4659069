"""Doctests of rooms whose extra is not installed are left out."""

from importlib.util import find_spec

_ROOMS = {
    "torch": ("src/actionunits/loading/*", "src/actionunits/bench/loading.py"),
    "fsspec": ("src/actionunits/cluster/*", "src/actionunits/overview/*", "src/actionunits/bench/batch.py"),
    "numba": ("src/actionunits/synth/*", "src/actionunits/bench/synth.py"),
}
collect_ignore_glob = [path for package, paths in _ROOMS.items() if find_spec(package) is None for path in paths]

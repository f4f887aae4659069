"""Benchmarks: the timings behind the documents' claims, each printed by ``actionunits bench NAME``."""

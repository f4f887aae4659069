"""What is used where nothing else is asked for."""

DEFAULT_MODEL = "detector"
"""The estimator of ``analyze``, ``webcam``, ``batch``, ``serve`` and of :class:`actionunits.Analyzer`."""

"""actionunits: facial action units from photographs and video."""

__version__ = "0.1.0.dev0"

"""The HTTP service and its web page (extra [serve])."""

from actionunits.service.settings import Limits, Settings

__all__ = ["Limits", "Settings"]

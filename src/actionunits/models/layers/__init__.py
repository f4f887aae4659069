"""Layers that several systems, or several parts of one, share."""

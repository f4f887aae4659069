"""Losses as pure functions of logits and labels; labels of -1 never reach one. Needs ``actionunits[train]``."""

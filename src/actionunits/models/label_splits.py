"""Which labels a CRF over the boxes of a face tells apart: one AU in each box, or one AU in all that carry it."""

from __future__ import annotations

from dataclasses import dataclass

from actionunits.facs import BP4D_22, DISFA_12, AUSet
from actionunits.geometry.au_groups import AU_GROUPS, AUBoxes

_BP4D = (
    "1 4 6 7 9 10 17 18 27",
    "1 2 4 6 9 12 17 22 27",
    "1 4 5 6 9 15 17 18 20",
    "1 2 4 6 9 10 17 24 27",
    "4 5 6 7 9 14 16 17 22",
    "4 5 6 7 9 14 17 23 27",
    "4 5 6 7 9 10 17 20 23",
)
_DISFA = ("1 2 4 6 9 15 17 25", "2 4 5 6 9 12 17 26", "1 2 4 6 9 12 17 26")


@dataclass(frozen=True, slots=True)
class LabelSplit:
    """The labels of one CRF.

    Attributes:
        boxes: places of the boxes that are its nodes.
        au_of_box: of each of them, the place of the AU that it is to show; None for none, so that it shows background.
        aus: places of the AUs that its labels 1, 2, ... stand for; 0 is background.
    """

    boxes: tuple[int, ...]
    au_of_box: tuple[int | None, ...]
    aus: tuple[int, ...]

    def label_of_box(self) -> tuple[int, ...]:
        """The label of each box's AU, 0 where it has none."""
        return tuple(0 if au is None else 1 + self.aus.index(au) for au in self.au_of_box)


def one_au_each(rule: AUBoxes) -> tuple[LabelSplit, ...]:
    """Splits in which every box shows one AU of its own group at most.

    The two boxes of group 1 show one AU each, or both the same where the split has just one. The splits are those of
    AU R-CNN's code for BP4D or DISFA as far as all AUs are among that data set's 22 or 12, without those AUs that are
    not asked for; AUs that no split of the code has (11, 13 and 28; 20) are in none here. For other AUs: every group
    takes as many AUs as it has boxes into the first split, in the order of FACS, the next ones into the second, and
    begins again after its last one; there are as many splits as the largest group needs.

    Source: the published code of AU R-CNN (Ma et al. 2019).
    """
    for whole, published in ((BP4D_22, _BP4D), (DISFA_12, _DISFA)):
        if not rule.aus - whole:
            wanted = [AUSet.parse(split) & rule.aus for split in published]
            distinct = dict.fromkeys(split for split in wanted if split)
            if distinct:
                return tuple(_split(rule, split) for split in distinct)
    return tuple(_split(rule, split) for split in _in_turns(rule))


def one_au_alone(rule: AUBoxes) -> tuple[LabelSplit, ...]:
    """A split for each AU: there or not, in all boxes that carry it."""
    carried = rule.carries()
    splits = []
    for au in range(len(rule.aus)):
        boxes = tuple(box for box in range(len(rule)) if carried[box, au])
        splits.append(LabelSplit(boxes, (au,) * len(boxes), (au,)))
    return tuple(splits)


def _split(rule: AUBoxes, aus: AUSet) -> LabelSplit:
    shown: list[int | None] = []
    for place, number in enumerate(rule.groups):
        own = AU_GROUPS[number - 1].aus & aus
        which = min(place - rule.groups.index(number), len(own) - 1)
        shown.append(rule.aus.index(own.numbers[which]) if own else None)
    return LabelSplit(tuple(range(len(rule))), tuple(shown), tuple(rule.aus.index(au) for au in aus))


def _in_turns(rule: AUBoxes) -> list[AUSet]:
    groups = [group for group in AU_GROUPS if group.number in rule.groups]
    owned = {group.number: (group.aus & rule.aus).numbers for group in groups}
    count = max(-(-len(owned[group.number]) // len(group.boxes)) for group in groups)
    splits: list[AUSet] = []
    for turn in range(count):
        chosen = {
            owned[group.number][(turn * len(group.boxes) + box) % len(owned[group.number])]
            for group in groups
            for box in range(len(group.boxes))
        }
        splits.append(AUSet(tuple(sorted(chosen))))
    return splits

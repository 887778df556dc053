"""Chance, by a seed."""

import copy
import random

from emulator.stacksets.dice import Dice


def test_a_copy_throws_the_same() -> None:
    """A copied world goes on as the original would."""
    dice = Dice("seed")
    dice.random()
    copied = copy.deepcopy(dice)

    assert [copied.random() for _ in range(3)] == [dice.random() for _ in range(3)]


def test_throws_as_the_standard_one() -> None:
    """Seeds mean what they mean elsewhere."""
    assert Dice(7).random() == random.Random(7).random()

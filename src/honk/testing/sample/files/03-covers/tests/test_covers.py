"""Covers made of a playlist's title."""

import unittest

from tonearm.covers import hue, monogram


class Covers(unittest.TestCase):
    def test_two_words_give_two_letters(self) -> None:
        self.assertEqual(monogram("late night drive"), "LN")

    def test_one_word_gives_one_letter(self) -> None:
        self.assertEqual(monogram("Focus"), "F")

    def test_letters_of_any_script_will_do(self) -> None:
        self.assertEqual(monogram("été indien"), "ÉI")

    def test_a_colour_stays_with_its_title(self) -> None:
        self.assertEqual(hue("Focus"), hue("Focus"))
        self.assertIn(hue("Focus"), range(360))

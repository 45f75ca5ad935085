"""Tests of Tonearm: python3 -m unittest."""

"""Tonearm: the web page of a small music service."""

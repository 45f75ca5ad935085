"""Honk as tools of another agent: a program of the Model Context Protocol on standard input and output."""

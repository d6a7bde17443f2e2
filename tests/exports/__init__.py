"""Exports drawn by us in the shapes of every generation, from a library whose truth is known."""

"""Chaos crawls: random histories of a library, its faults and the program's restarts, against an exact model."""

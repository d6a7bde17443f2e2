"""Deep fault sweeps, one subject a file: a sample of each in every test run, the whole of it in `make sweep`."""

from __future__ import annotations

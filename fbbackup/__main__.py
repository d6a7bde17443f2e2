"""`python -m fbbackup` is the `fbbackup` command."""

from __future__ import annotations

from fbbackup.cli import main

main()

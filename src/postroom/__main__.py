"""Lets `python -m postroom` be the `postroom` command."""

from postroom.cli import main

main()

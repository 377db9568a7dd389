"""Where the hand-written SQL of this app is: one file a statement in `sql/`, read once."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    return files("postroom.outbound").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")

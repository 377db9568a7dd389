"""Which files the pages load: known by name, and by version so that browsers may keep them for ever."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; its version changes with its content."""

    content: bytes
    content_type: str
    version: str


def _read(name: str, content_type: str) -> Asset:
    content = files("postroom.web").joinpath("assets", name).read_bytes()
    return Asset(content, content_type, version=sha256(content).hexdigest()[:12])


ASSETS = {
    "style.css": _read("style.css", "text/css; charset=utf-8"),
    "icon.svg": _read("icon.svg", "image/svg+xml"),
}

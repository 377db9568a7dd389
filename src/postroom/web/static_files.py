"""Which files the pages load: known by name, and by version so that browsers may keep them for ever."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from postroom.errors import PostroomError

CONTENT_TYPES = {
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "charts.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
# Of others, as package.json names them.
VENDOR_TYPES = {
    "tabler.min.css": "text/css; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "chart.umd.min.js": "text/javascript; charset=utf-8",
    "icons.svg": "image/svg+xml",
    "LICENSES.txt": "text/plain; charset=utf-8",
}


class FilesMissingError(PostroomError):
    """The pages' stylesheet and scripts are missing; fetch them with `python scripts/assets.py`."""

    code = "files_missing"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; its version changes with its content."""

    content: bytes
    content_type: str
    version: str


def _read(name: str, content_type: str, *folders: str) -> Asset:
    content = files("postroom.web").joinpath("assets", *folders, name).read_bytes()
    return Asset(content, content_type, version=sha256(content).hexdigest()[:12])


def _read_all() -> dict[str, Asset]:
    own = {name: _read(name, content_type) for name, content_type in CONTENT_TYPES.items()}
    try:
        return own | {name: _read(name, content_type, "vendor") for name, content_type in VENDOR_TYPES.items()}
    except FileNotFoundError:
        raise FilesMissingError from None


ASSETS = _read_all()


@cache
def compressed(name: str) -> bytes:
    """The file as gzip (RFC 1952), for browsers that take it: an eighth of the stylesheet."""
    return gzip.compress(ASSETS[name].content, mtime=0)

import re
import subprocess

from tests.guards.source import ROOT

# Written in pieces, so that this file does not accuse itself.
SOMEONES_FOLDER = re.compile(r"(?<![\w.])/(?:home|Users)/(?!user\b)\w+|(?<![\w.])/" + r"root/|[A-Z]:\\Users")
PRIVATE_KEY = re.compile("-----BEGIN [A-Z ]*PRIVATE" + " KEY-----")


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    assert [name for name, text in _files().items() if SOMEONES_FOLDER.search(text)] == []


def test_no_private_key_lies_outside_the_tests() -> None:
    files = {name: text for name, text in _files().items() if not name.startswith("tests/")}
    assert [name for name, text in files.items() if PRIVATE_KEY.search(text)] == []


def _files() -> dict[str, str]:
    """All text of the project by file name: what is committed and what could be."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(listing, cwd=ROOT, text=True).split("\0")
    paths = {name: ROOT / name for name in names if name and (ROOT / name).is_file()}
    return {name: path.read_text(encoding="utf-8", errors="replace") for name, path in paths.items()}

import re
import runpy
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click

from postroom.cli import main
from postroom.config.env import OTHER_NAMES, PREFIX, Environment
from tests.guards.source import PACKAGE, ROOT

COMMANDS = runpy.run_path(str(ROOT / "scripts/commands.py"))
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
COMMAND = re.compile(r"(?:^|[`\s/$])postroom ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.MULTILINE)


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    broken = [
        f"{document.name}: {path}#{heading or ''}"
        for document in _documents()
        for path, heading in LINK.findall(document.read_text(encoding="utf-8"))
        if not _leads_somewhere(document, path, heading)
    ]
    assert broken == []


def test_each_way_to_receive_has_a_guide_with_its_steps_and_what_to_do_when_it_fails() -> None:
    overview = (ROOT / "docs/receiving.md").read_text(encoding="utf-8")
    for way in ("redirection", "incoming-server", "mx", "own-mail-server", "http"):
        guide = (ROOT / f"docs/receiving/{way}.md").read_text(encoding="utf-8")
        assert f"(receiving/{way}.md)" in overview
        assert "**Good**" in guide
        assert "1. " in guide
        assert "| what to do |" in guide


def test_every_command_that_the_documents_name_exists() -> None:
    unknown = [
        f"{document.name}: postroom {name} {subcommand}"
        for document in _documents()
        for code in CODE.findall(document.read_text(encoding="utf-8"))
        for name, subcommand in COMMAND.findall(code)
        if not _is_command(name, subcommand)
    ]
    assert unknown == []


def test_the_page_of_commands_says_what_their_help_says() -> None:
    """`scripts/commands.py` writes it."""
    assert (ROOT / "docs/commands.md").read_text(encoding="utf-8") == COMMANDS["page"]()


def test_documents_and_code_know_the_same_settings() -> None:
    settings = {PREFIX + setting.name.upper() for setting in fields(Environment)}
    with_files = {PREFIX + s.name.upper() + "_FILE" for s in fields(Environment) if s.metadata["secret"]}
    text = "\n".join(document.read_text(encoding="utf-8") for document in _documents())
    named = set(re.findall(rf"\b{PREFIX}[A-Z][A-Z_]*[A-Z]\b", text))
    assert named - settings - with_files - OTHER_NAMES == set(), "in the documents, not in config/env.py"
    assert settings - named == set(), "in config/env.py, in no document"


def test_decisions_are_numbered_without_gaps_and_their_headings_agree() -> None:
    records = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [
        (int(record.name[:4]), int(record.read_text(encoding="utf-8")[2:].partition(".")[0])) for record in records
    ]
    assert numbers == [(number, number) for number in range(1, len(records) + 1)]


def test_the_tree_in_the_architecture_is_the_real_one() -> None:
    document = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    block = document.partition("## The tree")[2].split("```")[1]
    named = set(re.findall(r"(?<![\w/])[a-z_]+(?:/(?!\w)|\.py)", block))
    there = {
        path.name + "/" * path.is_dir()
        for path in PACKAGE.iterdir()
        if re.fullmatch(r"[a-z]+(_[a-z]+)*(\.py)?", path.name)
    }
    assert there - named == set(), "in the package, not in the tree"
    assert [name for name in sorted(named) if not _is_in_the_tree(name)] == []


def _is_in_the_tree(name: str) -> bool:
    """Whether the project holds such a file or folder, wherever."""
    return (
        any(next((ROOT / folder).rglob(name.rstrip("/")), None) for folder in ("src", "tests"))
        or (ROOT / name).exists()
    )


def _documents() -> Iterator[Path]:
    yield from (ROOT / "README.md", ROOT / "CONTRIBUTING.md")
    yield from sorted((ROOT / "docs").rglob("*.md"))


def _leads_somewhere(document: Path, path: str, heading: str) -> bool:
    target = (document.parent / path).resolve() if path else document
    if not target.exists():
        return False
    return not heading or heading in _anchors(target.read_text(encoding="utf-8"))


def _anchors(markdown: str) -> set[str]:
    """GitHub's anchors: lower case, punctuation dropped, blanks as hyphens."""
    headings = re.findall(r"^#+ +(.+?) *$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _is_command(name: str, subcommand: str) -> bool:
    command = main.get_command(click.Context(main), name)
    if isinstance(command, click.Group) and subcommand:
        return subcommand in command.list_commands(click.Context(command))
    return command is not None

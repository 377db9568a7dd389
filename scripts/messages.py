"""Which texts do the pages show, and what are they in French?

    scripts/messages.py          collect the texts of code and templates into locale/*/LC_MESSAGES/django.po
    scripts/messages.py compile  make the .mo files that Django reads; not committed; make, tests and the wheel do it

New texts come out empty in the .po file: write the translation there. Nothing here needs GNU gettext.
"""

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/postroom"
LANGUAGES = ("fr",)
REFUSING = ("web", "workspaces", "servers")  # packages whose errors are shown on pages, with web.http.words_of
KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def main(command: str = "update") -> int:
    for language in LANGUAGES:
        if command == "compile":
            compile_catalogue(language)
        else:
            updated = update(language)
            missing = sum(not all(texts_of(message.string)) for message in updated if message.id)
            path_of(language).write_bytes(written(updated))
            print(f"{path_of(language).relative_to(ROOT)}: {len(updated)} texts, {missing} to translate")
    return 0


def update(language: str) -> Catalog:
    """The catalogue as it should be: a text for everything that is shown now, and nothing else."""
    path = path_of(language)
    catalogue = read(language) if path.exists() else Catalog(locale=language, project="Postroom")
    # A guess would look like a translation: a changed text is a new one.
    catalogue.update(collect(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def collect() -> Catalog:
    """Every text of code and templates that is marked for translation."""
    found = Catalog()
    for path in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html"), *SOURCE.rglob("*/mail/*.txt")]):
        if path.name == "reference.html":
            continue  # the API's reference is written for programmers, in English
        for _line, text, _comments, context in extract("python", _as_python(path), KEYWORDS):
            found.add(text, context=context)
    for sentence in _from_tables():
        found.add(sentence)
    for package in REFUSING:
        for path in sorted((SOURCE / package).rglob("*.py")):
            for sentence in refusals(ast.parse(path.read_text(encoding="utf-8"))):
                found.add(sentence)
    return found


def _from_tables() -> Iterator[str]:
    """What pages translate by a variable; imported here, since a wheel is compiled without the package."""
    from postroom.policy.failure import SENTENCES  # noqa: PLC0415
    from postroom.servers.presets import presets  # noqa: PLC0415

    yield from SENTENCES.values()  # why a server refuses
    for preset in presets():  # what is known of providers
        yield from filter(None, (preset.allow, preset.username, preset.limits.words))


def refusals(module: ast.Module) -> Iterator[str]:
    """The sentences of its errors: an error's docstring is what a person reads (postroom.errors)."""
    for node in module.body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error") and (sentence := ast.get_docstring(node)):
            yield sentence


def compile_catalogue(language: str) -> None:
    target = path_of(language).with_suffix(".mo")
    compiled = BytesIO()
    write_mo(compiled, read(language))
    if not target.exists() or target.read_bytes() != compiled.getvalue():
        draft = target.with_suffix(f".{id(compiled)}")
        draft.write_bytes(compiled.getvalue())
        draft.replace(target)  # in one step: a process may be reading it


def written(catalogue: Catalog) -> bytes:
    """The file: no line numbers and no dates, sorted, so that two people's additions rarely meet."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=120, no_location=True, omit_header=True, sort_output=True)
    forms = f"nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};"
    header = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {forms}\\n"\n\n'
    return header.encode() + buffer.getvalue()


def read(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def path_of(language: str) -> Path:
    return SOURCE / "locale" / language / "LC_MESSAGES/django.po"


def texts_of(string: str | tuple[str, ...]) -> tuple[str, ...]:
    """The translation, or one for each plural form."""
    return string if isinstance(string, tuple) else (string,)


def _as_python(path: Path) -> BytesIO:
    text = path.read_text(encoding="utf-8")
    return BytesIO((text if path.suffix == ".py" else _marked(text)).encode())


def _marked(template: str) -> str:
    """The template's texts as calls of gettext, all else as names: Django's reading of it, made for xgettext."""
    from django.conf import settings  # noqa: PLC0415 – compiling must not need Django

    if not settings.configured:
        settings.configure()
    from django.utils.translation.template import templatize  # noqa: PLC0415

    return "\n".join(line.strip() for line in templatize(template).splitlines())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

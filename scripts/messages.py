"""Which texts do the pages show, and what are they in French?

    scripts/messages.py          collect the texts of code and templates into locale/*/LC_MESSAGES/django.po
    scripts/messages.py compile  make the .mo files that Django reads; not committed; make, tests and the wheel do it

New texts come out empty in the .po file: write the translation there. Nothing here needs GNU gettext.
"""

import ast
import re
import sys
from collections import Counter
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
# Modules whose sentences are stored in English, facts and all, and told by workspaces.language in each person's.
STORING = (
    "policy/alignment.py", "policy/bounce/reason.py", "policy/failure.py", "policy/loop_budget.py", "policy/routing.py",
    "policy/author_notice.py", "policy/sender/dmarc.py", "policy/sender/evidence.py", "policy/sender/spf.py",
    *(f"rfc/{name}.py" for name in ("address", "dkim_key", "dkim_tags", "dkim_verify", "dmarc", "domain", "spf")),
    *(f"policy/dns/{name}.py" for name in (
        "advice", "answers", "dkim", "dmarc", "receiving", "report_summary", "spf", "spf_tree", "standing", "writing",
    )),
    *(f"inbound/{name}.py" for name in (
        "alias_mail", "confirmations", "conversations", "duplicates", "fetched", "handle", "notices", "probes",
        "published_reports", "rules", "mailboxes/collect", "mailboxes/mailbox", "mailboxes/visit",
    )),
    *(f"outbound/{name}.py" for name in (
        "failover", "faults", "feed", "lessons", "platform", "queue", "returned", "search", "steer",
    )),
    "outbound/sql/*.sql", "domains/aliases.py", "domains/alias_domains.py", "domains/claims.py", "domains/keys.py",
    "domains/local_part.py", "servers/archive.py",
    "servers/domain_health.py", "servers/oauth/registration.py", "servers/oauth/tokens.py", "servers/oauth/trouble.py",
    "threads/loops.py", "webhooks/deliver.py", "policy/thread_match.py", "workspaces/plans.py",
)  # fmt: skip
LEAST_LETTERS = 5  # that a sentence has beside its facts, to be known again by
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
    for sentence in (*_from_tables(), *_refusals()):
        found.add(sentence)
    for sentence in stored_sentences():
        found.add(sentence, context="stored")
    return found


def _from_tables() -> Iterator[str]:
    """What pages translate by a variable; imported here, since a wheel is compiled without the package."""
    from postroom.servers.presets import presets  # noqa: PLC0415

    for preset in presets():  # what is known of providers
        yield from filter(None, (preset.allow, preset.username, preset.limits.words))


def stored_sentences() -> Iterator[str]:
    """What the STORING modules say: their texts of three words and more, with a name for each fact in them."""
    from postroom.policy.failure import SENTENCES  # noqa: PLC0415

    yield from SENTENCES.values()  # why a server refuses
    for pattern in STORING:
        for path in sorted(SOURCE.glob(pattern)):
            # A colon leads to another sentence.
            yield from filter(_is_sentence, (text.removesuffix(": ") for text in _texts_of(path)))


def _is_sentence(text: str) -> bool:
    letters = re.sub(r"%\(\w+\)s|\W", "", text)
    return len(letters) >= LEAST_LETTERS and text.strip().count(" ") >= 2 and not {"\n", "\\"} & set(text)


def _texts_of(path: Path) -> Iterator[str]:
    code = path.read_text(encoding="utf-8")
    if path.suffix == ".sql":
        yield from re.findall(r"'([A-Z][^']+ [^']+)'", code)
    else:
        yield from (text for text in _texts(ast.parse(code)) if "%s" not in text)  # which would be SQL


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts in code, docstrings and what is written to the log left out."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
            return
        case ast.JoinedStr():
            yield from _patterns(node)
        case ast.Constant(value=str(text)):
            yield re.sub(r"\{(\w+)\}", r"%(\1)s", text)  # for str.format
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _texts(child)


def _patterns(text: ast.JoinedStr) -> list[str]:
    """The f-string with names for its facts; one for each of two words that a condition chooses."""
    found, names = [""], Counter[str]()
    for part in text.values:
        match part:
            case ast.Constant(value=str(literal)):
                choices = [literal.replace("%", "%%")]
            case ast.FormattedValue(
                value=ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other)))
            ):
                choices = [one, other]
            case ast.FormattedValue(value=fact):
                name = _name_of(fact)
                names[name] += 1
                choices = [f"%({name}{names[name] if names[name] > 1 else ''})s"]
        found = [before + choice for before in found for choice in choices]
    return found


def _name_of(fact: ast.expr) -> str:
    """What a translator reads in place of the fact: the last name in it."""
    names = [
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(fact)
        if isinstance(node, ast.Attribute | ast.Name)
    ]
    return names[0].strip("_").lower() if names else "fact"


def _refusals() -> Iterator[str]:
    """The sentences of errors: an error's docstring is what a person reads (postroom.errors)."""
    for package in REFUSING:
        for path in sorted((SOURCE / package).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                is_error = isinstance(node, ast.ClassDef) and node.name.endswith("Error")
                if is_error and (sentence := ast.get_docstring(node)):
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

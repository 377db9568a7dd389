import ast
import re
from statistics import median

from tests.guards.source import Function, classes, functions, modules, tree

VAGUE = {"util", "utils", "helper", "helpers", "manager", "service", "handler", "processor"}
# Called on time, chance or the outside world; the modules that bring most of them are forbidden in .importlinter.
IMPURE_CALLS = {
    "formatdate", "input", "localtime", "make_msgid", "now", "open", "print", "today", "urandom", "utcnow",
    "uuid1", "uuid4", "uuid6", "uuid7",
}  # fmt: skip


def test_no_file_has_more_than_400_lines() -> None:
    lengths = {module: len(file.read_text(encoding="utf-8").splitlines()) for module, file in modules().items()}
    assert {module: length for module, length in lengths.items() if length > 400} == {}


def test_no_function_has_more_than_50_lines_and_nine_in_ten_have_fewer_than_30() -> None:
    lengths = {place: _lines(function) for place, function in functions()}
    print(f"{len(lengths)} functions, median {median(lengths.values()):g} lines, longest {max(lengths.values())}")
    assert {place: length for place, length in lengths.items() if length > 50} == {}
    assert sum(length < 30 for length in lengths.values()) >= 0.9 * len(lengths)


def test_public_functions_take_at_most_three_arguments_by_position() -> None:
    assert [place for place, function in functions() if _is_public(function) and _positional(function) > 3] == []


def test_every_module_says_which_question_it_answers() -> None:
    assert [module for module in modules() if not ast.get_docstring(tree(module))] == []


def test_no_module_or_class_has_a_name_that_fits_everything() -> None:
    vague_modules = [module for module in modules() if VAGUE & set(re.split(r"[._]", module))]
    vague_classes = [place for place, node in classes() if VAGUE & _words(node.name) and not _is_djangos_word(node)]
    assert vague_modules + vague_classes == []


def test_rfc_and_policy_ask_neither_clock_nor_chance_nor_the_disk() -> None:
    pure = [module for module in modules() if module.startswith(("postroom.rfc", "postroom.policy"))]
    faults = [
        f"{module}:{node.lineno} {ast.unparse(node.func)}()"
        for module in pure
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and _called(node) in IMPURE_CALLS
    ]
    assert pure
    assert faults == []


def _lines(function: Function) -> int:
    assert function.end_lineno
    return function.end_lineno - function.lineno + 1


def _is_public(function: Function) -> bool:
    # aiosmtpd and Django call their hooks (handle_RCPT, process_view) with four and five arguments by position.
    return not function.name.startswith(("_", "handle_", "process_"))


def _positional(function: Function) -> int:
    arguments = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return len(arguments) - (arguments[:1] in (["self"], ["cls"]))


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def _is_djangos_word(node: ast.ClassDef) -> bool:
    """Django calls the object behind `Model.objects` a manager; a class that is one may say so."""
    return any(ast.unparse(base).partition("[")[0].endswith("Manager") for base in node.bases)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")

"""What do the guards read? The package's own files, parsed once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "postroom"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[str, Path]:
    """Every module that people wrote, by its dotted name; migrations are Django's."""
    files = (file for file in sorted(PACKAGE.rglob("*.py")) if "migrations" not in file.parts)
    return {".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file for file in files}


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def functions() -> Iterator[tuple[str, Function]]:
    """Each function with the place to name in a fault, methods and inner functions included."""
    for module in modules():
        for node in ast.walk(tree(module)):
            if isinstance(node, Function):
                yield f"{module}:{node.lineno} {node.name}", node


def classes() -> Iterator[tuple[str, ast.ClassDef]]:
    for module in modules():
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.ClassDef):
                yield f"{module}:{node.lineno} {node.name}", node


def imported_at_run_time(module: str) -> set[str]:
    """The dotted names that a module imports, anywhere in it, except for annotations alone."""
    found: set[str] = set()
    pending: list[ast.AST] = [tree(module)]
    while pending:
        node = pending.pop()
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                pending += node.orelse
            case ast.Import():
                found |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(source)):
                found |= {source} | {f"{source}.{alias.name}" for alias in node.names}
            case _:
                pending += ast.iter_child_nodes(node)
    return found

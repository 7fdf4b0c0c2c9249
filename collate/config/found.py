"""Names that settings may give because a source file defines them, read off the source.

Whoever adds one of these adds it there and nowhere else:

    pairing rule      a file of `collate/pairs` with a function of the file's name; one that rejects
                      nothing says `REJECTS_NOTHING = True`
    preference loss   a function of `collate/tuning/losses.py` that begins with `LogRatios`
    perturbation      a file of `collate/agents` with a function of the file's name

Nothing is imported for it, since those files bring torch and pyarrow; `load` imports one.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[1]


def parts_of(room: str) -> dict[str, str]:
    """The files of a room that define a function of their own name, and what each is.

    That is the first line of the file's docstring, behind the name in backquotes.
    """
    trees = {path.stem: _tree(path) for path in sorted((_PACKAGE / room).glob("*.py"))}
    return {
        name: (ast.get_docstring(tree) or "").partition("\n")[0].rpartition(f"`{name}`: ")[2]
        for name, tree in trees.items()
        if name in [function.name for function in _functions(tree)]
    }


def says(room: str, name: str, line: str) -> bool:
    """Whether the file of that name holds this line of code."""
    return line in map(ast.unparse, _tree(_PACKAGE / room / f"{name}.py").body)


def functions_of(file: str, argument: str) -> tuple[str, ...]:
    """The functions of a file whose first argument is of that type, in their order."""
    firsts = {one.name: one.args.args[:1] for one in _functions(_tree(_PACKAGE / file))}
    return tuple(
        name
        for name, first in firsts.items()
        if [ast.unparse(each.annotation) for each in first if each.annotation] == [argument]
    )


def load(room: str, name: str) -> Any:
    """The function that the file of that name defines."""
    return getattr(import_module(f"collate.{room}.{name}"), name)


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]

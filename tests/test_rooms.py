"""Which room of the package may import which, and that no imports go round in a circle.

Read off the source, imports inside functions included; what is imported for types alone is not
followed.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "collate"

# The ground: modules that belong to no room, which every room may import.
GROUND = {"atomic", "errors", "masking", "received_files", "secret_names", "tables", "verdicts"}
# Below each room stand those that it may import.
ALLOWED: dict[str, set[str]] = {
    "config": set(),
    "answers": set(),
    "tasks": {"config", "answers"},
    "models": {"config"},
    "agents": {"config", "models", "tasks"},
    "engines": {"config", "models"},
    "scoring": {"config", "answers", "models"},
    "pairs": {"config", "answers"},
    "tuning": {"config", "answers", "models", "agents"},
    "evaluation": {"answers"},
    "store": {"config", "models", "evaluation"},
    "console": {"config", "answers", "models", "agents", "tasks", "evaluation", "store"},
    "cluster": {"config", "answers", "models", "agents", "engines", "scoring", "tuning"},
    "rounds": {
        "config", "answers", "tasks", "models", "agents", "engines", "scoring", "pairs", "tuning",
        "evaluation", "store", "console", "cluster",
    },
    "report": {"config", "answers", "evaluation", "store", "console"},
    "studies": {"config", "evaluation", "store", "console"},
    "commands": {
        "config", "answers", "tasks", "models", "agents", "engines", "scoring", "pairs", "tuning",
        "evaluation", "store", "console", "cluster", "rounds", "report", "studies",
    },
}  # fmt: skip
# Files that stand above the rooms: the command line, and what `import collate` offers.
TOP: dict[str, set[str]] = {
    "cli": {"config", "commands", "report"},
    "__main__": {"cli"},
    "__init__": {"config", "report"},
}
# Files of one name that mirror each other on purpose: a verb and the stage that it is about.
MIRRORS = {"evaluate.py": {"commands", "rounds"}}


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    named = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("collate", *path.relative_to(PACKAGE).with_suffix("").parts)
        named[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return named


def imports_of(source: str, known: set[str]) -> set[str]:
    """The modules of the package that a source imports when it runs."""
    tree = ast.parse(source)
    for_types = {id(node) for block in _type_blocks(tree) for node in ast.walk(block)}
    imported: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
            # `from collate.rounds import budget` imports a module, not a name in one.
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    return imported & known


def _type_blocks(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from node.body


def room_of(module: str) -> str:
    """The room of a module; the module itself where it stands in none."""
    parts = module.split(".")[1:]
    return parts[0] if parts else "__init__"


def arrows() -> dict[str, dict[str, set[str]]]:
    """For each room, the rooms that it imports and the modules by which it does."""
    known = modules()
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module, path in known.items():
        for imported in imports_of(path.read_text(encoding="utf-8"), set(known)):
            here, there = room_of(module), room_of(imported)
            if there not in (here, "__init__"):
                found[here][there].add(f"{module} imports {imported}")
    return found


def test_rooms_import_only_what_stands_below_them() -> None:
    wrong = []
    for here, targets in arrows().items():
        if here in GROUND:
            allowed = GROUND
        else:
            allowed = GROUND | (ALLOWED.get(here) or TOP.get(here) or set())
        for there, examples in targets.items():
            if there not in allowed:
                wrong += sorted(examples)
    assert wrong == []


def test_every_room_is_in_the_table_and_the_table_has_no_circle() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(ALLOWED)
    TopologicalSorter(ALLOWED).prepare()


def test_no_import_goes_round_in_a_circle() -> None:
    known = modules()
    graph = {}
    for module, path in known.items():
        imported = imports_of(path.read_text(encoding="utf-8"), set(known))
        # A package is imported before what is in it, which is no circle.
        graph[module] = {name for name in imported if not module.startswith(f"{name}.")} - {module}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imports go round: {' -> '.join(error.args[1])}")


def test_no_two_files_bear_one_name() -> None:
    rooms_by_name: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        if path.name != "__init__.py":
            rooms_by_name[path.name].add(path.parent.name)
    doubles = {name: rooms for name, rooms in rooms_by_name.items() if len(rooms) > 1}
    assert doubles == MIRRORS


def test_answers_are_read_with_the_standard_library_alone() -> None:
    allowed = set(sys.stdlib_module_names) | {"collate"}
    for path in (PACKAGE / "answers").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for_types = {id(node) for block in _type_blocks(tree) for node in ast.walk(block)}
        for node in ast.walk(tree):
            if id(node) in for_types:
                continue
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            # Answers that are mathematics need Math-Verify, in the verifier's child processes.
            extra = {"math_verify"} if path.name == "mathematics.py" else set()
            assert {name.split(".")[0] for name in names} <= allowed | extra, path
            assert "collate.tables" not in names, path  # which brings pyarrow


@pytest.mark.parametrize(
    ("source", "imported"),
    [
        ("from collate.rounds import budget", {"collate.rounds", "collate.rounds.budget"}),
        ("def f():\n    from collate.rounds.budget import Spent", {"collate.rounds.budget"}),
        ("if TYPE_CHECKING:\n    from collate.rounds.budget import Spent", set()),
        ("import collate.rounds.budget", {"collate.rounds.budget"}),
        ("import json", set()),
    ],
)
def test_imports_are_read(source: str, imported: set[str]) -> None:
    assert imports_of(source, {"collate.rounds", "collate.rounds.budget"}) == imported

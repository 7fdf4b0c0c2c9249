"""Counts of the code that say how it reads: `python -m tests.code_counts [folder]`.

For each folder of the package its files and lines; for the whole package the length of functions
and of names, and how often an expression or a comment stands in it. Reads the source only.
"""

import ast
import sys
import tokenize
from collections import Counter
from pathlib import Path
from statistics import mean, median

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def local_names(function: ast.AST) -> set[str]:
    """Names that a function binds in its body, loops and comprehensions included."""
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def comment_lines(path: Path) -> int:
    """Comments of a file, those that only speak to a tool left aside."""
    with path.open("rb") as file:
        tokens = [t.string for t in tokenize.tokenize(file.readline) if t.type == tokenize.COMMENT]
    return sum(not text.startswith(("# fmt:", "# noqa", "# type:")) for text in tokens)


def main(package: Path) -> None:
    files_by_room: Counter[str] = Counter()
    lines_by_room: Counter[str] = Counter()
    function_lengths: list[int] = []
    function_names: list[str] = []
    locals_of_functions: list[str] = []
    file_lengths: list[int] = []
    lines = comprehensions = nested = comments = docstring_words = 0
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package)
        room = relative.parts[0] if len(relative.parts) > 1 else "(ground)"
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        length = source.count("\n")
        files_by_room[room] += 1
        lines_by_room[room] += length
        lines += length
        if path.name != "__init__.py":
            file_lengths.append(length)
        comments += comment_lines(path)
        for node in ast.walk(tree):
            if isinstance(node, FUNCTIONS):
                function_lengths.append((node.end_lineno or node.lineno) - node.lineno + 1)
                function_names.append(node.name)
                locals_of_functions += local_names(node)
            if isinstance(node, COMPREHENSIONS):
                comprehensions += 1
                inner = [n for n in ast.walk(node) if isinstance(n, COMPREHENSIONS) and n != node]
                nested += bool(inner)
            if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)):
                docstring_words += len((ast.get_docstring(node) or "").split())
    for room in sorted(lines_by_room):
        print(f"{room:<12} {files_by_room[room]:>4} files {lines_by_room[room]:>7,} lines")
    print(f"{'all':<12} {sum(files_by_room.values()):>4} files {lines:>7,} lines")
    short = sum(length < 60 for length in file_lengths)
    lengths = sorted(function_lengths)
    print(
        f"files: median {median(file_lengths):.0f} lines, {short} of {len(file_lengths)} under 60"
    )
    print(
        f"functions: {len(lengths)}; median {median(lengths):.0f}, 90 % within "
        f"{lengths[int(0.9 * len(lengths))]}, longest {lengths[-1]} lines"
    )
    print(f"name of a function: mean {mean(map(len, function_names)):.1f} letters")
    print(f"name of a local: mean {mean(map(len, locals_of_functions)):.1f} letters")
    per_100 = 100 / lines
    print(f"comprehensions: {comprehensions * per_100:.1f} per 100 lines")
    print(f"comprehensions inside of others: {nested * per_100:.2f} per 100 lines")
    print(f"comments: {comments * per_100:.1f} per 100 lines")
    print(f"words of docstrings: {docstring_words * per_100:.0f} per 100 lines")
    readme = package.parent / "README.md"
    if readme.is_file():
        text = readme.read_text(encoding="utf-8")
        print(f"README: {len(text.split()):,} words, {text.count(chr(10))} lines")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "collate")

"""Rules that the code keeps, read off its syntax trees. Each is shown to catch what it forbids."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "collate").rglob("*.py"), *(ROOT / "jobs").rglob("*.py")])

NAMES = {
    "eval": "evaluates text", "exec": "evaluates text", "compile": "evaluates text",
    "__import__": "imports by text",
}  # fmt: skip
CALLS = {
    "os.system": "a shell", "os.popen": "a shell", "subprocess.getoutput": "a shell",
    "subprocess.getstatusoutput": "a shell", "yaml.load": "unsafe", "yaml.load_all": "unsafe",
    "yaml.unsafe_load": "unsafe", "yaml.full_load": "unsafe", "yaml.unsafe_load_all": "unsafe",
    "yaml.full_load_all": "unsafe", "tempfile.mktemp": "a race", "builtins.eval": "evaluates text",
    "builtins.exec": "evaluates text", "numpy.load": "may unpickle", "np.load": "may unpickle",
    "pd.read_pickle": "unpickles", "pandas.read_pickle": "unpickles",
    "hydra.utils.instantiate": "makes objects of settings",
    "time.time": "a clock that jumps; waits use time.monotonic",
}  # fmt: skip
MODULES = {
    "pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "jsonpickle",
    "requests", "urllib.request", "http.client", "httpx", "aiohttp", "ftplib", "telnetlib",
}  # fmt: skip
NEEDS_TRUE = {"torch.load": "weights_only"}
NEVER_TRUE = {"shell", "trust_remote_code", "allow_pickle"}
TEXTS = {"0.0.0.0": "every interface"}


def broken_rules(source: str) -> Iterator[tuple[int, str]]:
    """Line and reason of everything in the source that breaks a rule."""
    tree = ast.parse(source)
    modules, origins = _imports(tree)
    for line, module in modules:
        if any(module == each or module.startswith(f"{each}.") for each in MODULES):
            yield line, f"import of {module}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(node, origins)
        elif isinstance(node, ast.Constant) and node.value in TEXTS:
            yield node.lineno, f"{node.value}: {TEXTS[node.value]}"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _defaults(node.args)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield from _field(node.target.id, node.value)


def _imports(tree: ast.Module) -> tuple[list[tuple[int, str]], dict[str, str]]:
    """Every imported module with its line, and what each local name stands for."""
    modules, origins = [], {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                modules.append((node.lineno, each.name))
                local = each.asname or each.name.partition(".")[0]
                origins[local] = each.name if each.asname else local
        elif isinstance(node, ast.ImportFrom):
            modules.append((node.lineno, node.module or ""))
            for each in node.names:
                modules.append((node.lineno, f"{node.module}.{each.name}"))
                origins[each.asname or each.name] = f"{node.module}.{each.name}"
    return modules, origins


def _call(node: ast.Call, origins: dict[str, str]) -> Iterator[tuple[int, str]]:
    name = _dotted(node.func, origins)
    if name in NAMES or name in CALLS:
        yield node.lineno, f"{name}: {NAMES.get(name) or CALLS[name]}"
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if name in NEEDS_TRUE and not _is_true(given.get(NEEDS_TRUE[name])):
        yield node.lineno, f"{name} without {NEEDS_TRUE[name]}=True"
    for key in NEVER_TRUE & given.keys():
        if _is_true(given[key]):
            yield node.lineno, f"{key}=True"


def _dotted(node: ast.expr, origins: dict[str, str]) -> str:
    """The full name of what is called, through the file's imports; "" where it has none."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([origins.get(node.id, node.id), *reversed(parts)])


def _defaults(arguments: ast.arguments) -> Iterator[tuple[int, str]]:
    plain = [*arguments.posonlyargs, *arguments.args]
    last = plain[len(plain) - len(arguments.defaults) :]
    pairs = [*zip(last, arguments.defaults, strict=True)]
    pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d]
    for argument, default in pairs:
        if argument.arg in NEVER_TRUE and _is_true(default):
            yield default.lineno, f"{argument.arg}=True by default"


def _field(name: str, value: ast.expr | None) -> Iterator[tuple[int, str]]:
    """A setting's default, plain or as the first argument of the schema's `_f`."""
    if isinstance(value, ast.Call) and value.args:
        value = value.args[0]
    if name in NEVER_TRUE and _is_true(value):
        yield value.lineno if value else 0, f"{name}=True by default"


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_code_keeps_the_rules(path: Path) -> None:
    assert list(broken_rules(path.read_text(encoding="utf-8"))) == []


def test_there_is_code_to_read() -> None:
    assert len(SOURCES) > 50


@pytest.mark.parametrize(
    "snippet",
    [
        "eval('1')", "exec('x = 1')", "compile('1', 'f', 'eval')", "__import__('os')",
        "import builtins\nbuiltins.eval('1')",
        "import pickle", "from pickle import loads", "import cloudpickle as c", "import dill",
        "from ray import cloudpickle\nimport marshal", "import shelve", "import joblib",
        "import requests", "import urllib.request", "from urllib import request",
        "from http import client", "import httpx",
        "import torch\ntorch.load('f')", "import torch as t\nt.load('f', weights_only=False)",
        "from torch import load\nload('f')",
        "import yaml\nyaml.load(x, Loader=L)", "from yaml import load as read\nread(x)",
        "import yaml\nyaml.unsafe_load(x)", "import yaml\nyaml.full_load(x)",
        "import subprocess\nsubprocess.run('ls', shell=True)", "import os\nos.system('ls')",
        "import os as o\no.popen('ls')", "from os import system\nsystem('ls')",
        "import tempfile\ntempfile.mktemp()", "import numpy as np\nnp.load('f', allow_pickle=True)",
        "AutoModel.from_pretrained('m', trust_remote_code=True)",
        "def f(a, trust_remote_code=True): ...", "def f(*, trust_remote_code=True): ...",
        "class C:\n    trust_remote_code: bool = True",
        "class C:\n    trust_remote_code: bool = _f(True, 'help')",
        "host = '0.0.0.0'", "from hydra.utils import instantiate\ninstantiate(c)",
    ],
)  # fmt: skip
def test_each_rule_catches_what_it_forbids(snippet: str) -> None:
    assert list(broken_rules(snippet))


@pytest.mark.parametrize(
    "snippet",
    [
        "import re\nre.compile('a')", "import torch\ntorch.load('f', weights_only=True)",
        "import yaml\nyaml.safe_load(x)", "subprocess.run(['ls'])", "model.eval()",
        "f(trust_remote_code=config.trust_remote_code)", "from urllib.parse import urlsplit",
        "host = '127.0.0.1'", "class C:\n    trust_remote_code: bool = _f(False, 'help')",
        "import tempfile\ntempfile.mkstemp()",
    ],
)  # fmt: skip
def test_plain_code_breaks_no_rule(snippet: str) -> None:
    assert list(broken_rules(snippet)) == []


def test_the_linter_keeps_some_of_them_too() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"S102", "S301", "S307", "S506", "S602"} <= set(
        settings["tool"]["ruff"]["lint"]["select"]
    )

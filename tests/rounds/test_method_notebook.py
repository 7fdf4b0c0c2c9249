"""The notebook that shows the method in one page does what the package does."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

import collate
from tests.command_line import TINY_RUN, run_tiny

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "method_in_one_page.ipynb"
SETTINGS = ("engine=transformers", "rounds=1")
SHOW_PREFERENCES = """
import json
print(json.dumps([
    [each.id, by_id[each.chosen_id].text, by_id[each.rejected_id].text, each.margin]
    for each in preferences
]))
"""


@pytest.fixture(scope="module")
def shown(tiny_model: Path) -> NotebookNode:
    """The notebook after it ran on the tiny model, with its preferences in a last cell."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source.startswith("overrides = ")
    first.source = f"overrides = {[f'model={tiny_model}', *TINY_RUN, *SETTINGS]!r}"
    notebook.cells.append(new_code_cell(SHOW_PREFERENCES))
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    client = NotebookClient(
        notebook, timeout=400, startup_timeout=180, kernel_name="python3", resources=resources
    )
    return client.execute()


def printed(cell: NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


@pytest.mark.timeout(900)
def test_it_finds_the_preferences_of_the_real_loop(
    shown: NotebookNode, tiny_model: Path, tmp_path: Path, kept_workers: None
) -> None:
    run_tiny(tiny_model, tmp_path, "name=real", *SETTINGS)
    real = collate.load_run(tmp_path / "runs" / "real").pairs()
    of_notebook = json.loads(printed(shown.cells[-1]))
    assert len(of_notebook) == len(real) > 0
    columns = ["id", "chosen_text", "rejected_text"]
    assert [row[:3] for row in of_notebook] == real[columns].to_numpy().tolist()
    assert [row[3] for row in of_notebook] == pytest.approx(real["margin"].tolist(), abs=1e-6)


@pytest.mark.workers
def test_both_agents_learn_and_are_measured(shown: NotebookNode) -> None:
    text = "\n".join(printed(cell) for cell in shown.cells if cell.cell_type == "code")
    for agent in ("agent-1", "agent-2"):
        assert f"{agent}  step 1  loss 0.693" in text
        assert f"{agent}: " in text and "right before the round" in text


def test_it_is_kept_without_outputs() -> None:
    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in stored["cells"]:
        assert not cell.get("outputs") and not cell.get("execution_count")

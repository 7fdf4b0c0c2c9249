"""The notebook runs from top to bottom on a run, and is kept without outputs."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

pytestmark = pytest.mark.slow
NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "reading_rationales.ipynb"


@pytest.fixture(scope="module")
def shown(hostile_run: Path) -> NotebookNode:
    """The notebook after it ran on a run whose every text is hostile."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        startup_timeout=180,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLLATE_RUN", str(hostile_run))
        patch.setenv("MPLBACKEND", "Agg")
        return client.execute()


def printed(notebook: NotebookNode) -> str:
    parts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            parts.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "\n".join(parts)


def test_every_cell_shows_something(shown: NotebookNode) -> None:
    code = [cell for cell in shown.cells if cell.cell_type == "code"]
    outputs = [output for cell in code for output in cell.outputs]
    assert all(cell.outputs for cell in code)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 5
    text = printed(shown)
    for expected in (
        "contested questions in round 2", "auc_within", "held-out questions divide the agents",
        "accuracy_lenient", "chosen_writer", "gold answer: ", "preferences (chosen > rejected",
    ):  # fmt: skip
        assert expected in text


def test_model_text_is_text(shown: NotebookNode) -> None:
    tables = [
        output.data["text/html"]
        for cell in shown.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert any("&lt;script&gt;" in table for table in tables)
    assert not any("<script" in table or "<img" in table for table in tables)
    whole = shown.cells[-1].outputs[0].text
    assert "\x1b" not in whole and "\u202e" not in whole


def test_the_notebook_is_kept_without_outputs() -> None:
    stored = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in stored["cells"]:
        assert not cell.get("outputs") and not cell.get("execution_count")

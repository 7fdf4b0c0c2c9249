"""What a run has spent."""

import json
from pathlib import Path

from collate.rounds import budget
from collate.store.manifest import Manifest
from collate.store.run_folder import RunFolder
from collate.tables import SCHEMA_VERSION


def test_seconds_are_counted_once_however_deep_their_stages_lie(tmp_path: Path) -> None:
    """Shards, agents and a reader are made within a stage whose seconds hold theirs."""
    (tmp_path / "run.json").write_text(json.dumps({"schema": SCHEMA_VERSION}))
    manifest = Manifest.read(tmp_path)
    for stage, seconds in (
        ("questions", 1.0),
        ("round-01/generate.shards/00000-00000", 20.0),
        ("round-01/generate", 30.0),
        ("round-01/agents/agent-1", 400.0),
        ("round-01/agents/agent-2", 400.0),
        ("round-01/agents", 400.0),
        ("round-01/evaluate-agents.shards/00000-00000", 5.0),
        ("round-01/reader", 2000.0),
        ("round-01/evaluate", 5000.0),
    ):
        manifest.commit(stage, {"files": {}, "made_from": {}, "seconds": seconds})
    assert budget.spent_by_run(RunFolder.existing(tmp_path)).seconds == 1 + 30 + 400 + 5000

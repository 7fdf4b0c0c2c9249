"""What the screen says when a run has ended."""

import io
from pathlib import Path

from rich.console import Console

from collate.atomic import file_digest
from collate.config.schema import RunConfig
from collate.console.summary import print_results
from collate.store.manifest import Manifest
from collate.store.run_folder import RunFolder
from tests.report.small_run import write_small_run


def test_the_share_of_right_rationales_with_a_false_step_is_said(tmp_path: Path) -> None:
    run = write_small_run(tmp_path / "run")
    console = Console(file=io.StringIO(), width=100)
    manifest = Manifest.read(run.path)
    for round in range(3):
        names = [f"round-{round:02d}/{table}.parquet" for table in ("answers", "metrics")]
        files = {name: file_digest(run.path / name) for name in names}
        manifest.commit(f"round-{round:02d}/evaluate", {"files": files})
    print_results(console, RunConfig(), RunFolder.existing(run.path))
    shares = {
        (m.round, m.model): m.value for m in [*run.diagnostics[1], *run.diagnostics[2]]
        if m.name == "false_step_rate"
    }  # fmt: skip
    first, second = (f"{100 * shares[round, 'agents']:.0f} % in round {round}" for round in (1, 2))
    assert f"right rationales with a false step: {first}, {second}\n" in console.file.getvalue()

"""collate against what people run today, in one table: `make bench`.

    make bench                        everything, an hour or more on two cores
    make bench ARGS="--quick"         the whole round and generation, within ten minutes
    make bench ARGS="--only scoring"  one group of rows: round, generation, agents, scoring,
                                      tuning, scaling
    make bench ARGS=--smallest        everything at its smallest size, as the tests run it; says
                                      nothing of speed

The machine should do nothing else meanwhile. A ratio is the rival's seconds over collate's, with
the lowest and the highest over repeats; it is printed only if the results were found equal.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

# Arms end at once, and what they shared is freed for them, about which Python would warn.
os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker:UserWarning")
os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))

GROUPS = ("round", "generation", "agents", "scoring", "tuning", "scaling")
QUICK = ("round", "generation")
# A tiny model with random weights is never right, and all engines lie in memory at once.
SMALLEST_SETTINGS = ["pairs=likelihood", "engine.cache_gib=0.25"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, within ten minutes")
    parser.add_argument("--smallest", action="store_true", help="what the tests run")
    parser.add_argument("--model", help="another model than the quickstart's")
    parser.add_argument("--only", choices=GROUPS, action="append", help="these groups of rows")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    load = os.getloadavg()[0]
    if load > 0.5 * len(os.sched_getaffinity(0)):
        console.print(f"the machine is busy (load {load:.1f}): the seconds below will say little")

    from collate.config.offline import offline_unless_named

    offline_unless_named([])
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    from tests.benchmarks import rows as tables
    from tests.benchmarks.arms import shared_arms
    from tests.benchmarks.scaling import scaling
    from tests.benchmarks.stages import engines_in_turn, generation, scoring, tuning
    from tests.benchmarks.whole_round import whole_round

    asked = options.only or (QUICK if options.quick else GROUPS)
    sizes = _full_sizes()
    if options.quick or options.smallest:
        sizes = _smallest_sizes() if options.smallest else _quick_sizes()
    settings = [] if options.model is None else [f"model={options.model}"]
    if options.smallest:
        settings += SMALLEST_SETTINGS
    benchmarks: dict[str, list[Callable[[], list]]] = {
        "round": [lambda: whole_round(**sizes["round"], settings=settings)],
        "generation": [lambda: generation(**sizes["generation"], settings=settings)],
        "agents": [
            lambda k=k: [engines_in_turn(agents=k, **sizes["agents"], settings=settings)]
            for k in sizes["k"]
        ],
        "scoring": [lambda: scoring(**sizes["scoring"], settings=settings)],
        "tuning": [lambda one=one: [tuning(**one, settings=settings)] for one in sizes["tuning"]],
        "scaling": [lambda: scaling(**sizes["scaling"], settings=settings)],
    }
    rows, scalings, failed = [], [], []
    with shared_arms() if options.smallest else nullcontext():
        for name, benchmark in [(group, each) for group in asked for each in benchmarks[group]]:
            began = time.monotonic()
            try:
                (scalings if name == "scaling" else rows).extend(benchmark())
            except Exception:
                failed.append(name)
                console.print_exception()
            console.print(f"{name}: {time.monotonic() - began:.0f} s", style="dim")
    unmeasured = [f"{name}: not asked for" for name in GROUPS if name not in asked]
    unmeasured += [f"{name}: failed" for name in failed]
    if not _has_gpu():
        unmeasured.append("anything on a GPU: none here")
    facts = tables.machine(load)
    console.print(
        f"{facts['processor']}, {facts['cores']} cores, load {load:.2f} before; "
        + ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    )
    if rows:
        tables.print_rows(console, rows)
    if scalings:
        tables.print_scalings(console, scalings)
    console.print("not measured: " + "; ".join(unmeasured))
    tables.write_json(options.out, rows, scalings, facts, unmeasured)
    console.print(f"written to {options.out}")
    return 1 if failed or not all(row.check.passed for row in rows) else 0


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _quick_sizes() -> dict:
    return {
        "scaling": {},
        "round": {"questions": 6, "samples": 6, "steps": 2, "batch": 2},
        "generation": {"questions": 8, "samples": 8, "tokens": 20, "repeats": 1},
        "agents": {"questions": 8, "samples": 4, "tokens": 16},
        "k": [4],
        "scoring": {"questions": 4, "each": 16, "repeats": 1},
        "tuning": [{"steps": 1, "each": 3, "lengths": (3, 4), "repeats": 1}],
    }


def _smallest_sizes() -> dict:
    return {
        "round": {"questions": 3, "samples": 2, "steps": 1, "batch": 2},
        "generation": {"questions": 3, "samples": 2, "tokens": 4, "repeats": 1},
        "agents": {"questions": 2, "samples": 1, "tokens": 4},
        "k": [1],
        "scoring": {"questions": 2, "each": 2, "repeats": 1},
        "tuning": [{"steps": 1, "each": 2, "lengths": (2, 3), "repeats": 1}],
        "scaling": {"times": (1, 2)},
    }


def _full_sizes() -> dict:
    return {
        "scaling": {},
        "round": {"questions": 32, "samples": 8, "steps": 6, "batch": 8},
        "generation": {"questions": 16, "samples": 8, "tokens": 24, "repeats": 3},
        "agents": {"questions": 16, "samples": 4, "tokens": 16},
        "k": [1, 2, 4, 8],
        "scoring": {"questions": 4, "each": 16, "repeats": 3},
        "tuning": [
            {"steps": 3, "each": 3, "lengths": (3, 4), "repeats": 2},
            {"steps": 2, "each": 1, "lengths": (12, 14), "repeats": 1, "worked_examples": 0},
        ],
    }


if __name__ == "__main__":
    sys.exit(main())

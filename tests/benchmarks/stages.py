"""Each stage against its rivals: repeated, interleaved, with an equality check."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tests.benchmarks.arms import interleaved, share_equal, start_arm
from tests.benchmarks.material import Material, merged, quickstart, random_adapters, with_length
from tests.benchmarks.ours import Engine, Scorer, Tuner
from tests.benchmarks.rivals import Ids, PlainScorer, RawVllm, StockTrl, TransformersGenerate
from tests.benchmarks.rows import Check, Row

SAME_TOKENS = 0.95
"""The share of greedy completions that must be equal: float32 sums in another order now and then
turn a near tie."""
SAME_SCORES = 1e-4
SAME_LOSSES = 1e-4
SAME_WEIGHTS = 0.999
"""The least cosine between two tuned adapters' changes of the base."""


def raw_settings(material: Material) -> dict[str, float | int]:
    """What raw vLLM is started with to have the room that collate's engine has."""
    engine = material.engine
    return {
        "max_length": engine.max_length, "batch": engine.batch, "cache_gib": engine.cache_gib
    }  # fmt: skip


def same_tokens(
    ours: dict[str, tuple[int, ...]], theirs: dict[str, tuple[int, ...]], what: str = "greedy"
) -> Check:
    """Whether enough completions are the same, token by token."""
    share = share_equal(list(ours.values()), [theirs.get(key) for key in ours])
    return Check(f"{share:.1%} of {len(ours)} {what} completions", share >= SAME_TOKENS)


def greedy(requests: Sequence) -> list:
    from dataclasses import replace

    return [replace(one, temperature=0.0, top_p=1.0) for one in requests]


def generation(
    *, questions: int, samples: int, tokens: int, repeats: int, settings: Sequence[str] = ()
) -> list[Row]:
    """One agent's requests: against `generate`, and against raw vLLM with its best block size."""
    material = quickstart(questions, f"agents.samples={samples}", *settings, agents=1)
    requests = with_length(material.all_requests(), tokens)
    greedy_ones = greedy(material.requests(material.agents[0].name)[0])
    weights, rows = material.weights, []
    size = f"{len(requests)} requests of {tokens} tokens"
    with start_arm(Engine, folder=material.folder, config=material.engine) as ours:
        ours("forced", requests[:32], weights)
        own = ours("generate", greedy_ones, weights).result
        with start_arm(TransformersGenerate, folder=material.folder) as theirs:
            check = same_tokens(own, theirs("greedy", greedy_ones, 64).result)
            batches = [size for size in (64, 256) if size == 64 or size <= len(requests)]
            best = batches[0]
            if len(batches) > 1:
                best = min(batches, key=lambda size: theirs("forced", requests, size).seconds)
            runs = interleaved(
                lambda: ours("forced", requests, weights),
                lambda: theirs("forced", requests, best),
                repeats,
            )
            starts = (ours.start_seconds, theirs.start_seconds)
            rows.append(
                Row.of(
                    f"generation, {size}", f"transformers generate, batch {best}", runs, check,
                    goal=3, start_s=starts,
                )
            )  # fmt: skip
        like_ours = raw_settings(material)
        with start_arm(RawVllm, folder=material.folder, block_size=32, **like_ours) as theirs:
            theirs("forced", requests[:32])
            check = same_tokens(own, theirs("generate", [greedy_ones]).result)
            runs = interleaved(
                lambda: ours("forced", requests, weights),
                lambda: theirs("forced", requests),
                repeats,
            )
            starts = (ours.start_seconds, theirs.start_seconds)
            rows.append(
                Row.of(
                    f"generation, {size}", "raw vLLM, block 32", runs, check,
                    goal=0.9, start_s=starts,
                )
            )  # fmt: skip
    return rows


def engines_in_turn(
    *, agents: int, questions: int, samples: int, tokens: int, settings: Sequence[str] = ()
) -> Row:
    """K tuned agents on one engine, against an engine for each in turn. Starts are counted."""
    material = quickstart(questions, f"agents.samples={samples}", *settings, agents=agents)
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        weights = random_adapters(material, Path(scratch) / "adapters")
        folders = {
            name: merged(material, one, Path(scratch) / "merged" / name)
            for name, one in weights.items()
        }
        own_requests = {
            name: with_length([r for one in material.requests(name) for r in one], tokens)
            for name in weights
        }
        requests = [request for one in own_requests.values() for request in one]
        greedy_ones = greedy([r for name in weights for r in material.requests(name)[0]])
        with start_arm(Engine, folder=material.folder, config=material.engine) as ours:
            mine = ours("forced", requests, weights)
            own = ours("generate", greedy_ones, weights).result
        seconds, peak, theirs = 0.0, 0.0, {}
        for name, folder in folders.items():
            with start_arm(RawVllm, folder=folder, **raw_settings(material)) as arm:
                run = arm("forced", own_requests[name])
                seconds += arm.start_seconds + run.seconds
                peak = max(peak, run.peak_gib)
                theirs |= arm("generate", [[r for r in greedy_ones if r.agent == name]]).result
        stack.close()
    return Row(
        f"{agents} agents on one engine, start included, {len(requests)} requests of {tokens} "
        "tokens",
        f"{agents} engines in turn", [ours.start_seconds + mine.seconds], [seconds],
        same_tokens(own, theirs), goal=2 if agents == 4 else None,
        peak_gib=(mine.peak_gib, peak),
    )  # fmt: skip


def worked(seed: int, steps: int) -> str:
    """A rationale of the form that the quickstart's agents write, right or wrong."""
    from random import Random

    random, total, lines = Random(seed), 0, []
    for _ in range(steps):
        term = random.randint(1, 9)
        lines.append(f"{total} + {term} = {total + term + (random.random() < 0.2)}")
        total += term
    return ". ".join(lines)


def score_material(
    material: Material, each: int, steps: tuple[int, int]
) -> tuple[list[Ids], list[list[str]], list[str]]:
    """Base prompts, that many rationales for each question, and gold answers."""
    prompts = [material.prompts.of_scorer(question) for question in material.questions]
    span = steps[1] - steps[0] + 1
    texts = [
        [worked(1000 * q + n, steps[0] + n % span) for n in range(each)]
        for q in range(len(prompts))
    ]
    return prompts, texts, [question.gold for question in material.questions]


def scoring(*, questions: int, each: int, repeats: int, settings: Sequence[str] = ()) -> list[Row]:
    """Against a padded batch and against one at a time; rationales of the quickstart's lengths."""
    material = quickstart(questions, *settings)
    prompts, texts, golds = score_material(material, each, (2, 4))
    flat = (
        [prompt for prompt, own in zip(prompts, texts, strict=True) for _ in own],
        [text for own in texts for text in own],
        [gold for gold, own in zip(golds, texts, strict=True) for _ in own],
    )
    batch_tokens = material.config.scoring.batch_tokens
    rows = []
    name = f"scoring, {len(flat[0])} rationales, {each} a question"
    with (
        start_arm(Scorer, folder=material.folder, batch_tokens=batch_tokens) as ours,
        start_arm(PlainScorer, folder=material.folder) as theirs,
    ):
        own = ours("score", prompts, texts, golds).result
        best = min((16, 32), key=lambda size: theirs("padded", *flat, size).seconds)
        for rival, goal, method, more in (
            (f"padded batches of {best}", 3, "padded", (best,)),
            ("one at a time", 10, "one_by_one", ()),
        ):
            runs = interleaved(
                lambda: ours("score", prompts, texts, golds),
                lambda method=method, more=more: theirs(method, *flat, *more),
                repeats,
            )
            worst = float(np.abs(np.subtract(own, [sum(one) for one in runs[1][0].result])).max())
            check = Check(f"scores differ by at most {worst:.0e}", worst <= SAME_SCORES)
            rows.append(Row.of(name, rival, runs, check, goal=goal))
    return rows


def same_tuning(ours: tuple[list[float], list[float]], theirs: tuple) -> Check:
    """Whether two tunings had the same losses and ended at the same weights."""
    losses = [np.asarray(one[0]) for one in (ours, theirs)]
    if len(losses[0]) != len(losses[1]):
        return Check(f"{len(losses[0])} steps against {len(losses[1])}", False)
    worst = float(np.abs(losses[0] - losses[1]).max())
    a, b = np.asarray(ours[1]), np.asarray(theirs[1])
    cosine = float(a @ b / np.sqrt((a @ a) * (b @ b)))
    return Check(
        f"losses differ by at most {worst:.0e}, cosine of the adapters {cosine:.5f}",
        worst <= SAME_LOSSES and cosine >= SAME_WEIGHTS,
    )


def tuning_examples(
    material: Material, pairs: int, each: int, steps: tuple[int, int]
) -> list[dict]:
    """Pairs of worked rationales, `each` of them a question, as tokens."""
    from collate.models.loading import load_tokenizer
    from collate.tables import CHOSEN, REJECTED

    tokenizer = load_tokenizer(material.folder)
    agent = material.agents[0].name
    examples = []
    for number in range(pairs):
        question = material.questions[number // each]
        sides = [
            f"{worked(2 * number + side, steps[side])}\n#### {question.gold}" for side in (0, 1)
        ]
        completions = [
            [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
            for text in sides
        ]
        examples.append(
            {
                "prompt_ids": list(material.prompts.of_agent(agent, question)),
                "roles": [CHOSEN, REJECTED],
                "completion_ids": completions,
            }
        )
    return examples


def tuning(
    *,
    steps: int,
    each: int,
    lengths: tuple[int, int],
    repeats: int,
    worked_examples: int = 2,
    settings: Sequence[str] = (),
) -> Row:
    """One agent's optimizer steps, reference included, against TRL with its own precomputed."""
    questions = max(1, -(-steps * 8 // each))
    material = quickstart(questions, f"agents.examples={worked_examples}", *settings)
    config, agents = material.config.tuning, material.config.agents
    examples = tuning_examples(material, steps * config.batch, each, lengths)
    with (
        tempfile.TemporaryDirectory() as scratch,
        start_arm(Tuner, folder=material.folder) as ours,
        start_arm(StockTrl, folder=material.folder) as theirs,
    ):
        runs = interleaved(
            lambda: ours("tune", examples, agents, config),
            lambda: theirs("tune", examples, agents, config, True, scratch),
            repeats,
        )
        starts = (ours.start_seconds, theirs.start_seconds)
    return Row.of(
        f"tuning, {steps} steps of {config.batch} pairs, {each} a question, "
        f"{_mean_length(examples):.0f} tokens after {len(examples[0]['prompt_ids'])}",
        "TRL, precomputed reference", runs, same_tuning(runs[0][0].result, runs[1][0].result),
        goal=2.5, start_s=starts,
    )  # fmt: skip


def _mean_length(examples: Sequence[dict]) -> float:
    return float(np.mean([len(ids) for each in examples for ids in each["completion_ids"]]))

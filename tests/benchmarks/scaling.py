"""What a stage costs over the number of questions, samples, agents, and the rationales' length."""

from collections.abc import Callable, Sequence

from tests.benchmarks.arms import start_arm
from tests.benchmarks.material import Material, quickstart, with_length
from tests.benchmarks.ours import Engine, Scorer, Tuner
from tests.benchmarks.rows import Scaling
from tests.benchmarks.stages import score_material, tuning_examples

TIMES = (1, 2, 4, 8)


def scaling(*, times: Sequence[int] = TIMES, settings: Sequence[str] = ()) -> list[Scaling]:
    """Each axis over a factor of eight, the others held, in one process for each stage."""
    return [*_generation(times, settings), *_scoring(times, settings), *_tuning(times, settings)]


def _over(name: str, sizes: Sequence[int], seconds_of: Callable[[int], float]) -> Scaling:
    return Scaling(name, sizes, [seconds_of(size) for size in sizes])


def _generation(times: Sequence[int], settings: Sequence[str]) -> list[Scaling]:
    def material(questions: int, samples: int, agents: int) -> Material:
        return quickstart(
            questions, f"agents.samples={samples}", "agents.examples=1", *settings, agents=agents
        )

    one = material(8, 4, 1)
    with start_arm(Engine, folder=one.folder, config=one.engine) as arm:

        def seconds(of: Material, tokens: int) -> float:
            requests = with_length(of.all_requests(), tokens)
            return arm("forced", requests, of.weights).seconds

        seconds(one, 16)
        return [
            _over(
                "generation: questions",
                [8 * n for n in times],
                lambda n: seconds(material(n, 4, 1), 16),
            ),
            _over(
                "generation: samples",
                [4 * n for n in times],
                lambda n: seconds(material(8, n, 1), 16),
            ),
            _over("generation: agents", times, lambda n: seconds(material(8, 4, n), 16)),
            _over("generation: tokens", [16 * n for n in times], lambda n: seconds(one, n)),
        ]


def _scoring(times: Sequence[int], settings: Sequence[str]) -> list[Scaling]:
    material = quickstart(64, *settings)
    batch_tokens = material.config.scoring.batch_tokens
    with start_arm(Scorer, folder=material.folder, batch_tokens=batch_tokens) as arm:

        def seconds(questions: int, each: int, steps: int) -> float:
            prompts, texts, golds = score_material(material, each, (steps, steps))
            some = slice(0, questions)
            return arm("score", prompts[some], texts[some], golds[some]).seconds

        seconds(8, 8, 2)
        return [
            _over("scoring: questions", [8 * n for n in times], lambda n: seconds(n, 8, 3)),
            _over(
                "scoring: rationales a question",
                [4 * n for n in times],
                lambda n: seconds(16, n, 3),
            ),
            _over(
                "scoring: steps of a rationale", [2 * n for n in times], lambda n: seconds(16, 8, n)
            ),
        ]


def _tuning(times: Sequence[int], settings: Sequence[str]) -> list[Scaling]:
    material = quickstart(64, "tuning.batch=4", "tuning.micro_batch=4", *settings)
    agents, config = material.config.agents, material.config.tuning
    with start_arm(Tuner, folder=material.folder) as arm:

        def seconds(pairs: int, steps: int) -> float:
            examples = tuning_examples(material, pairs, 2, (steps, steps))
            return arm("tune", examples, agents, config).seconds

        seconds(4, 2)
        return [
            _over("tuning: pairs", [4 * n for n in times], lambda n: seconds(n, 2)),
            _over("tuning: steps of a rationale", [2 * n for n in times], lambda n: seconds(4, n)),
        ]

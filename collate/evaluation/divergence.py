"""How far apart the agents are as distributions: their rationales read by each other.

| metric | of | what it is, in nats a token |
| --- | --- | --- |
| logprob_under:J | each agent I | mean log-probability of a token of I's rationales under J |
| divergence | each agent | its own log-probability minus the mean of the others' |
| divergence | `agents` | the mean over all ordered pairs of two agents |

E over x ~ i of log p_i(x) - log p_j(x) is the Kullback-Leibler divergence KL(i || j); Subramaniam
et al. 2025 measure the diversity of their agents so. Here log-probabilities are per token and each
rationale weighs the same. The mean is without bias for rationales sampled at temperature 1 and
top_p 1; sampled colder, they lie where the writer is surest of itself, and the difference is no
divergence in the strict sense.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collate.evaluation.statistics import RunningMean
from collate.evaluation.subjects import AGENTS
from collate.tables import Metric

UNDER = "logprob_under:"


@dataclass(frozen=True, slots=True)
class CrossLogprob:
    """A rationale of `writer` under the weights and prompt of `reader`, in nats a token."""

    rationale_id: str
    writer: str
    reader: str
    mean_logprob: float


def cross_likelihood(
    rows: Iterable[CrossLogprob], *, agents: Sequence[str], round: int
) -> list[Metric]:
    """The K x K log-probabilities and what they say of the distance between agents.

    A rationale counts for a divergence where both its writer and the other read it; intervals are
    Student's over rationales. Raises ValueError for a row of an unknown agent, and for a rationale
    that a reader read twice.
    """
    # By writer and reader, then by rationale, since readers are compared on one and the same text.
    logprobs: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for reading in rows:
        writer, reader = reading.writer, reading.reader
        if not {writer, reader} <= set(agents):
            raise ValueError(f"{writer} read by {reader}: not two of {list(agents)}")
        of_pair = logprobs[writer, reader]
        if reading.rationale_id in of_pair:
            raise ValueError(f"{reader} read rationale {reading.rationale_id} twice")
        of_pair[reading.rationale_id] = reading.mean_logprob
    means: dict[tuple[str, str], RunningMean] = defaultdict(RunningMean)
    for writer in agents:
        for reader in agents:
            for logprob in logprobs[writer, reader].values():
                means[writer, UNDER + reader].add(logprob)
        other_readings = [logprobs[writer, reader] for reader in agents if reader != writer]
        for rationale_id, own_logprob in logprobs[writer, writer].items():
            by_others = [read[rationale_id] for read in other_readings if rationale_id in read]
            if by_others:
                divergence = own_logprob - sum(by_others) / len(by_others)
                means[writer, "divergence"].add(divergence)
                means[AGENTS, "divergence"].add(divergence)
    return [
        Metric(round, "train", agent, name, *mean.interval(), mean.n)
        for (agent, name), mean in means.items()
    ]

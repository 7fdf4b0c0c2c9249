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
    logprobs: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in rows:
        if not {row.writer, row.reader} <= set(agents):
            raise ValueError(f"{row.writer} read by {row.reader}: not two of {list(agents)}")
        of_pair = logprobs[row.writer, row.reader]
        if row.rationale_id in of_pair:
            raise ValueError(f"{row.reader} read rationale {row.rationale_id} twice")
        of_pair[row.rationale_id] = row.mean_logprob
    means: dict[tuple[str, str], RunningMean] = defaultdict(RunningMean)
    for writer in agents:
        for reader in agents:
            for logprob in logprobs[writer, reader].values():
                means[writer, UNDER + reader].add(logprob)
        others = [agent for agent in agents if agent != writer]
        for id, own_logprob in logprobs[writer, writer].items():
            by_others = [logprobs[writer, o][id] for o in others if id in logprobs[writer, o]]
            if by_others:
                distance = own_logprob - sum(by_others) / len(by_others)
                means[writer, "divergence"].add(distance)
                means[AGENTS, "divergence"].add(distance)
    return [
        Metric(round, "train", agent, name, *mean.interval(), mean.n)
        for (agent, name), mean in means.items()
    ]

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

from collate.evaluation.metrics import AGENTS
from collate.evaluation.statistics import RunningMean
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
    logprob: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for row in rows:
        if not {row.writer, row.reader} <= set(agents):
            raise ValueError(f"{row.writer} read by {row.reader}: not two of {list(agents)}")
        own = logprob[row.writer, row.reader]
        if row.rationale_id in own:
            raise ValueError(f"{row.reader} read rationale {row.rationale_id} twice")
        own[row.rationale_id] = row.mean_logprob
    found: dict[tuple[str, str], RunningMean] = defaultdict(RunningMean)
    for writer in agents:
        others = [agent for agent in agents if agent != writer]
        for reader in agents:
            for value in logprob[writer, reader].values():
                found[writer, UNDER + reader].add(value)
        for id, own_value in logprob[writer, writer].items():
            read = [logprob[writer, o][id] for o in others if id in logprob[writer, o]]
            if read:
                distance = own_value - sum(read) / len(read)
                found[writer, "divergence"].add(distance)
                found[AGENTS, "divergence"].add(distance)
    return [
        Metric(round, "train", agent, name, *mean.interval(), mean.n)
        for (agent, name), mean in found.items()
    ]

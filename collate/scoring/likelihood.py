"""How likely the gold answer is under the frozen scorer, given question and rationale.

The scored text of one rationale is its question's prompt, followed by the continuation

    <rationale, cut before its stated answer> newline <marker> space <gold answer> <end>

and only the gold answer and the end count: the usefulness of equation 7 of the COLLATE paper. The
empty rationale leaves `<marker> <gold><end>`, the baseline of equation 9; which prompt that is
taken under is for the caller to say (`scoring.baseline`).

* The seam. The prompt's ids are used as rendered. The continuation is tokenised in one piece, so
  that the answer is cut into tokens as in running text, and character offsets tell which tokens
  carry it: a token counts if it holds any non-space character of the gold answer, even where it
  also holds the space or the marker before it. A tokenizer without offsets (not "fast") tokenises
  rationale, marker and answer apart.
* The end. "1" is a prefix of "12", so without an end a gold answer of 1 would collect the
  likelihood of every answer that starts with it. The end is the probability that generation stops
  there: of all of the model's stop tokens together, counted as one more token of the answer. A
  model with no stop token is scored without an end.
* Text is data. A rationale that spells out a control token is tokenised as the characters it is.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from collate.models.loading import max_positions
from collate.models.logprobs import Completion, completion_logprobs
from collate.models.stopping import Stopping
from collate.scoring.answer_likelihood import AnswerLikelihood
from collate.scoring.continuation import Continuation, ContinuationEncoder, with_line_end

AnswerKey = tuple[int, str, str]
"""Which likelihood it is: number of the question, text of the rationale, answer."""


class LikelihoodScorer:
    """Scores answers under one frozen causal language model of transformers, in eval mode.

    What prompts, rationales and answers begin with alike is computed once in a forward pass (see
    `models/logprobs.py`), which is over about `batch_tokens` tokens; texts that are equal are
    scored once. `stopping` says how the model's turns end.
    """

    def __init__(
        self, model: Any, tokenizer: Any, stopping: Stopping, *, batch_tokens: int
    ) -> None:
        # Dropout would make every score another.
        if model.training:
            raise ValueError("the scorer's model is in training mode; call model.eval() first")
        self._model, self._tokenizer = model, tokenizer
        self._stop_ids, self._batch_tokens = sorted(stopping.stop_ids), batch_tokens
        self._positions = max_positions(model.config)

    def score(
        self,
        prompt_ids: Sequence[Sequence[int]],
        rationales: Sequence[Sequence[str]],
        answers: Sequence[str],
        *,
        marker: str,
    ) -> list[list[AnswerLikelihood]]:
        """The likelihood of each question's gold answer after each of its rationales.

        prompt_ids_Q_T are rendered prompts that end where the assistant begins to write,
        rationales_Q_N texts already cut before their stated answer (the empty text is the
        baseline), answers_Q the gold answers as the task words them, without the marker. What
        comes back has the shape of rationales_Q_N. A rationale too long for the model's positions
        loses its last tokens. Raises ValueError where the three differ in length, and for an empty
        prompt, a blank answer, or a prompt that leaves no room for the answer.
        """
        likelihood_Q_N_O = self.score_answers(
            prompt_ids, rationales, [[answer] for answer in answers], marker=marker
        )
        return [[likelihood_O[0] for likelihood_O in row] for row in likelihood_Q_N_O]

    def score_answers(
        self,
        prompt_ids: Sequence[Sequence[int]],
        rationales: Sequence[Sequence[str]],
        answers: Sequence[Sequence[str]],
        *,
        marker: str,
    ) -> list[list[list[AnswerLikelihood]]]:
        """The likelihood of each of a question's answers after each of its rationales.

        As `score`, with answers_Q_O: for each question any number of answers, such as the options
        of a multiple choice. What comes back is [Q][N][O].
        """
        _check(prompt_ids, rationales, answers)
        texts_Q_N = [[with_line_end(text) for text in texts] for texts in rationales]
        keys = _distinct_keys(texts_Q_N, answers)
        logprobs = completion_logprobs(
            self._model,
            self._completions(keys, prompt_ids, marker),
            stop_ids=self._stop_ids,
            batch_tokens=self._batch_tokens,
        )
        likelihoods = {
            key: AnswerLikelihood.of(logprob_T)
            for key, logprob_T in zip(keys, logprobs, strict=True)
        }
        return _by_question(likelihoods, texts_Q_N, answers)

    def _completions(
        self, keys: Sequence[AnswerKey], prompt_ids: Sequence[Sequence[int]], marker: str
    ) -> list[Completion]:
        """Each answer's tokens, after those of prompt, rationale and marker."""
        encoder = ContinuationEncoder(self._tokenizer, marker)
        continuations = encoder.encode([text for _, text, _ in keys], [key[2] for key in keys])
        # After one rationale, what is cut off for the longest answer is cut off for all.
        longest_by_text: dict[tuple[int, str], int] = {}
        for (question, text, _), continuation in zip(keys, continuations, strict=True):
            length = max(longest_by_text.get((question, text), 0), len(continuation.ids))
            longest_by_text[question, text] = length
        completions = []
        for (question, text, _), continuation in zip(keys, continuations, strict=True):
            prompt = prompt_ids[question]
            excess_tokens = self._excess(
                question, len(prompt), continuation, longest_by_text[question, text]
            )
            token_ids = (
                *prompt,
                *continuation.without_end_of_rationale(excess_tokens),
            )
            answer_start = len(token_ids) - continuation.answer_tokens
            completions.append(Completion(token_ids[:answer_start], token_ids[answer_start:]))
        return completions

    def _excess(
        self, question: int, prompt_tokens: int, continuation: Continuation, longest: int
    ) -> int:
        """By how many tokens prompt and longest continuation exceed the model's positions."""
        if self._positions is None:
            return 0
        excess_tokens = prompt_tokens + longest - self._positions
        if excess_tokens > continuation.rationale_tokens:
            raise ValueError(
                f"question number {question} cannot be scored: prompt ({prompt_tokens} tokens) and "
                f"answer ({longest - continuation.rationale_tokens}) exceed the model's "
                f"{self._positions} positions"
            )
        return max(0, excess_tokens)


def _check(
    prompt_ids: Sequence[Sequence[int]],
    rationales: Sequence[Sequence[str]],
    answers: Sequence[Sequence[str]],
) -> None:
    if not len(prompt_ids) == len(rationales) == len(answers):
        raise ValueError(
            f"{len(prompt_ids)} prompts, {len(rationales)} lists of rationales and "
            f"{len(answers)} answers; there must be as many of each"
        )
    for question, (ids, answers_O) in enumerate(zip(prompt_ids, answers, strict=True)):
        problem = ""
        if len(ids) == 0:
            problem = "its prompt is empty"
        elif not all(answer.strip() for answer in answers_O):
            several = len(answers_O) > 1
            problem = "its answers hold a blank one" if several else "its gold answer is blank"
        if problem:
            raise ValueError(f"question number {question} cannot be scored: {problem}")


def _distinct_keys(
    texts_Q_N: Sequence[Sequence[str]], answers_Q_O: Sequence[Sequence[str]]
) -> list[AnswerKey]:
    """Every (question, rationale, answer) once; those with much in common stand together."""
    # A dict and not a set: in this order neighbours share the longest prefixes.
    keys: dict[AnswerKey, None] = {}
    for question, (texts, answers) in enumerate(zip(texts_Q_N, answers_Q_O, strict=True)):
        for text in texts:
            keys.update(dict.fromkeys((question, text, answer) for answer in answers))
    return list(keys)


def _by_question(
    likelihoods: Mapping[AnswerKey, AnswerLikelihood],
    texts_Q_N: Sequence[Sequence[str]],
    answers_Q_O: Sequence[Sequence[str]],
) -> list[list[list[AnswerLikelihood]]]:
    likelihood_Q_N_O = []
    for question, (texts, answers) in enumerate(zip(texts_Q_N, answers_Q_O, strict=True)):
        likelihood_N_O = [
            [likelihoods[question, text, answer] for answer in answers] for text in texts
        ]
        likelihood_Q_N_O.append(likelihood_N_O)
    return likelihood_Q_N_O

"""How likely the gold answer is under the frozen base model, given question and rationale.

The scored text of one rationale is its question's prompt, followed by the continuation

    <rationale, cut before its stated answer> newline <marker> space <gold answer> <end>

and only the gold answer and the end count: the usefulness of equation 7 of the COLLATE paper. The
empty rationale leaves `<marker> <gold><end>`, the baseline of equation 9; which prompt that is
taken under is for the caller to say (`scoring.baseline`).

Several answers to one question, the options of a multiple choice, are scored like the gold one.

* The seam. The prompt's ids are used as rendered. The continuation is tokenised in one piece, so
  that the answer is cut into tokens as in running text, and character offsets tell which tokens
  carry it: a token counts if it holds any non-space character of the gold answer, even where it
  also holds the space or the marker before it. A tokenizer without offsets (not "fast") tokenises
  rationale, marker and answer apart.
* The end. "1" is a prefix of "12", so without an end a gold answer of 1 would collect the
  likelihood of every answer that starts with it. The end is the probability that generation stops
  there: of the tokenizer's eos token and the model's other stop tokens together, counted as one
  more token of the answer. A model with no stop token is scored without an end.
* Text is data. A rationale that spells out a control token is tokenised as the characters it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import torch

from collate.scoring.batching import Row, alike, pack, padded, select, shared_stem
from collate.scoring.continuation import Continuation, ContinuationEncoder, lead_of
from collate.scoring.normalisation import AnswerLikelihood

HEAD_ROWS = 512  # answer rows whose float32 log-softmax is held at once


class LikelihoodScorer:
    """Scores gold answers under one frozen causal language model of transformers, in eval mode.

    What all prompts begin with (worked examples) is computed once, the rest of a question's prompt
    once for all of its rationales, and a rationale once for all answers, by copies of the key-value
    cache; the output head runs on the rows that predict an answer and on no others; texts that are
    equal are scored once.
    `batch_tokens` bounds the tokens, padding and shared prompt included, that one forward pass
    attends to; a single longer sequence is scored alone. The cached prompts of a group of questions
    take as many again.
    """

    def __init__(self, model: Any, tokenizer: Any, *, batch_tokens: int) -> None:
        if model.training:
            raise ValueError("the scorer's model is in training mode; call model.eval() first")
        self._model = model
        self._head = model.get_output_embeddings()
        self._tokenizer = tokenizer
        self._batch_tokens = batch_tokens
        # A recurrent state, unlike a key-value cache, cannot in general be continued by several
        # tokens at once (transformers' Qwen3-Next and kin): those models read every prompt anew.
        self._shares_prefix = not getattr(model, "_is_stateful", False)
        # A cache of the nearest tokens would count the padding between a beginning and its rest.
        self._shares_beginning = not getattr(model.config.get_text_config(), "sliding_window", None)
        self._limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        self._ends = torch.tensor(
            _stop_tokens(model, tokenizer), dtype=torch.long, device=model.device
        )

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
        scored = self.score_answers(prompt_ids, rationales, [[a] for a in answers], marker=marker)
        return [[likelihood for (likelihood,) in of_question] for of_question in scored]

    @torch.inference_mode()
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
        self._check(prompt_ids, rationales, answers)
        leads_Q_N = [[lead_of(text) for text in texts] for texts in rationales]
        keys = list(
            dict.fromkeys(
                (q, lead, answer)
                for q, leads in enumerate(leads_Q_N)
                for lead in leads
                for answer in answers[q]
            )
        )
        rows = self._rows(keys, prompt_ids, ContinuationEncoder(self._tokenizer, marker))
        scored = self._score_rows(rows, prompt_ids)
        likelihoods = {
            key: AnswerLikelihood.of(logprob_T) for key, logprob_T in zip(keys, scored, strict=True)
        }
        return [
            [[likelihoods[q, lead, answer] for answer in answers[q]] for lead in leads]
            for q, leads in enumerate(leads_Q_N)
        ]

    def _rows(
        self,
        keys: Sequence[tuple[int, str, str]],
        prompt_ids: Sequence[Sequence[int]],
        encoder: ContinuationEncoder,
    ) -> list[Row]:
        """A row for each (question number, lead, answer)."""
        encoded = encoder.encode([lead for _, lead, _ in keys], [answer for *_, answer in keys])
        stems: dict[tuple[int, str], int] = {}
        longest: dict[tuple[int, str], int] = {}
        for (q, lead, _), continuation in zip(keys, encoded, strict=True):
            stems.setdefault((q, lead), len(stems))
            longest[q, lead] = max(longest.get((q, lead), 0), len(continuation.ids))
        return [
            self._row(q, stems[q, lead], prompt_ids[q], continuation, longest[q, lead])
            for (q, lead, _), continuation in zip(keys, encoded, strict=True)
        ]

    def _score_rows(
        self, rows: Sequence[Row], prompt_ids: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Token log-probabilities of each row's answer (and end), in the order of the rows."""
        shared_Q = [self._shared(ids) for ids in prompt_ids]
        rows_of: dict[int, list[int]] = {}
        for i, row in enumerate(rows):
            rows_of.setdefault(row.question, []).append(i)
        asked = list(rows_of)
        common = self._common([prompt_ids[q][: shared_Q[q]] for q in asked])
        begun = self._begun(prompt_ids[asked[0]][:common]) if common else None
        result: list[list[float]] = [[] for _ in rows]
        for places in pack(
            [shared_Q[q] - common for q in asked], self._batch_tokens, shared=common
        ):
            group = [asked[place] for place in places]
            members = [i for q in group for i in rows_of[q]]
            prefixes = {q: prompt_ids[q][common : shared_Q[q]] for q in group}
            scored = self._score_group(prefixes, common, begun, [rows[i] for i in members])
            for i, logprob_T in zip(members, scored, strict=True):
                result[i] = logprob_T
        return result

    def _shared(self, prompt: Sequence[int]) -> int:
        """How many of a prompt's tokens are computed once for all rows of its question."""
        return len(prompt) - 1 if self._shares_prefix else 0

    @staticmethod
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
        for q, (ids, of_question) in enumerate(zip(prompt_ids, answers, strict=True)):
            if len(ids) == 0 or not all(answer.strip() for answer in of_question):
                what = "gold answer is blank" if len(ids) else "prompt is empty"
                what = "answers hold a blank one" if len(ids) and len(of_question) > 1 else what
                raise ValueError(f"question number {q} cannot be scored: its {what}")

    def _row(
        self, q: int, stem: int, prompt: Sequence[int], continuation: Continuation, longest: int
    ) -> Row:
        """The tokens after the shared prefix: the rest of the prompt, then the continuation.

        `longest` is the length of the longest continuation with this rationale: all answers are
        taken after as much of it as that one leaves room for.
        """
        ids, written = continuation.ids, continuation.rationale_tokens
        excess = len(prompt) + longest - self._limit if self._limit else 0
        if excess > written:
            raise ValueError(
                f"question number {q} cannot be scored: prompt ({len(prompt)} tokens) and answer "
                f"({longest - written}) exceed the model's {self._limit} positions"
            )
        if excess > 0:
            ids = (*ids[: written - excess], *ids[written:])
        return Row(q, stem, (*prompt[self._shared(prompt) :], *ids), continuation.answer_tokens)

    def _common(self, prefixes: Sequence[Sequence[int]]) -> int:
        """How many tokens all begin with, where several can share their computation; else 0."""
        if not self._shares_beginning or len(prefixes) < 2:
            return 0
        return alike(list(map(tuple, prefixes)))

    def _begun(self, ids: Sequence[int]) -> Any:
        """The key-value cache of what all prompts begin with, one row."""
        ids_1_T = torch.tensor([list(ids)], device=self._ends.device)
        one_row = torch.zeros(1, dtype=torch.long, device=ids_1_T.device)
        return self._forward(
            ids_1_T, torch.ones_like(ids_1_T), None, one_row, one_row
        ).past_key_values

    def _score_group(
        self,
        prefixes: Mapping[int, Sequence[int]],
        common: int,
        begun: Any,
        rows: Sequence[Row],
    ) -> list[list[float]]:
        """Token log-probabilities of each row's answer (and end), in the order of the rows.

        `prefixes` are what the questions' prompts have after their first `common` tokens, whose
        cache is `begun`.
        """
        place = {q: i for i, q in enumerate(prefixes)}
        mask_Q_T, cache = self._prefix_cache(list(prefixes.values()), common, begun)
        after = [place[row.question] for row in rows]
        stems = len({row.stem for row in rows})
        if stems == len(rows) or not (self._shares_prefix and self._shares_beginning):
            return self._score_after(rows, after, mask_Q_T, cache)
        return self._score_answers_of_stems(rows, after, mask_Q_T, cache)

    def _score_after(
        self, rows: Sequence[Row], after: Sequence[int], mask_S_T: torch.Tensor, cache: Any
    ) -> list[list[float]]:
        """Score rows whose tokens follow row `after[i]` of a mask and its cache."""
        width = mask_S_T.shape[1]
        result: list[list[float]] = [[] for _ in rows]
        for batch in pack([len(row.ids) for row in rows], self._batch_tokens, shared=width):
            place = torch.tensor([after[i] for i in batch], device=self._ends.device)
            past = None if cache is None else select(cache, place)
            scored = self._score_batch([rows[i] for i in batch], mask_S_T[place], past)
            for i, logprob_T in zip(batch, scored, strict=True):
                result[i] = logprob_T
        return result

    def _score_answers_of_stems(
        self, rows: Sequence[Row], after: Sequence[int], mask_Q_T: torch.Tensor, cache: Any
    ) -> list[list[float]]:
        """As `_score_after`, with what answers after one rationale share computed once."""
        members: dict[int, list[int]] = {}
        for i, row in enumerate(rows):
            members.setdefault(row.stem, []).append(i)
        groups = list(members.values())
        stems = [shared_stem([rows[i] for i in group]) for group in groups]
        result: list[list[float]] = [[] for _ in rows]
        for batch in pack([len(s) for s in stems], self._batch_tokens, shared=mask_Q_T.shape[1]):
            place = torch.tensor([after[groups[g][0]] for g in batch], device=self._ends.device)
            past = None if cache is None else select(cache, place)
            mask_S_T, grown = self._grown([stems[g] for g in batch], mask_Q_T[place], past)
            rest = [(n, i) for n, g in enumerate(batch) for i in groups[g]]
            branches = [replace(rows[i], ids=rows[i].ids[len(stems[batch[n]]) :]) for n, i in rest]
            scored = self._score_after(branches, [n for n, _ in rest], mask_S_T, grown)
            for (_, i), logprob_T in zip(rest, scored, strict=True):
                result[i] = logprob_T
        return result

    def _prefix_cache(
        self, prefixes: Sequence[Sequence[int]], common: int, begun: Any
    ) -> tuple[torch.Tensor, Any]:
        """Mask (1 on tokens) and key-value cache of prefixes, padded to one width where they part.

        The padding stands between the common beginning and the rest.
        """
        mask = torch.ones(len(prefixes), common, dtype=torch.long, device=self._ends.device)
        first = torch.zeros(len(prefixes), dtype=torch.long, device=self._ends.device)
        past = None if begun is None else select(begun, first)
        return self._grown(prefixes, mask, past)

    def _grown(
        self, sequences: Sequence[Sequence[int]], mask_B_T: torch.Tensor, past: Any
    ) -> tuple[torch.Tensor, Any]:
        """Mask and key-value cache with one more sequence after each row, padded on the left."""
        ids, own_mask = padded(sequences, left=True)
        mask = torch.cat([mask_B_T, own_mask.to(self._ends.device)], dim=1)
        if ids.shape[1] == 0:
            return mask, past
        one_row = torch.zeros(1, dtype=torch.long, device=self._ends.device)
        grown = self._forward(ids.to(self._ends.device), mask, past, one_row, one_row)
        return mask, grown.past_key_values

    def _score_batch(
        self, rows: Sequence[Row], prefix_mask_B_T: torch.Tensor, past: Any
    ) -> list[list[float]]:
        device = self._ends.device
        ids, own_mask = padded([row.ids for row in rows], left=False)
        mask = torch.cat([prefix_mask_B_T, own_mask.to(device)], dim=1)
        at, columns, targets = (part.to(device) for part in self._answer_rows(rows))
        logits = self._forward(ids.to(device), mask, past, at, columns).logits[0]
        logprobs = iter(self._logprobs(logits, targets).tolist())
        end = min(1, len(self._ends))
        return [list(islice(logprobs, row.answer_tokens + end)) for row in rows]

    def _answer_rows(self, rows: Sequence[Row]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(row of the batch, column, id predicted there) of all answer tokens; id -1 is the end."""
        triples: list[tuple[int, int, int]] = []
        for b, row in enumerate(rows):
            first = len(row.ids) - row.answer_tokens
            triples += [(b, t - 1, row.ids[t]) for t in range(first, len(row.ids))]
            if len(self._ends):
                triples.append((b, len(row.ids) - 1, -1))
        at, columns, targets = torch.tensor(triples).unbind(1)
        return at, columns, targets

    def _forward(
        self,
        ids_B_T: torch.Tensor,
        mask_B_T: torch.Tensor,
        past: Any,
        at: torch.Tensor,
        columns: torch.Tensor,
    ) -> Any:
        """The model's output, its logits [1, R, V] on the R rows at[r], columns[r] only.

        The rows are picked as they enter the head, so that whatever the model does to its logits
        afterwards (scaling, soft-capping) still happens, and the head's cost is that of R rows.
        """
        position_B_T = (mask_B_T.cumsum(1) - 1).clamp(min=0)[:, -ids_B_T.shape[1] :]
        hook = self._head.register_forward_pre_hook(
            lambda _, inputs: (inputs[0][at, columns].unsqueeze(0), *inputs[1:])
        )
        try:
            return self._model(
                input_ids=ids_B_T,
                attention_mask=mask_B_T,
                position_ids=position_B_T,
                past_key_values=past,
                use_cache=self._shares_prefix,
            )
        finally:
            hook.remove()

    def _logprobs(self, logits_R_V: torch.Tensor, target_R: torch.Tensor) -> torch.Tensor:
        """Log-probability in nats, in float32, of each row's target; of stopping where it is -1."""
        pieces = []
        for logits, target in zip(
            logits_R_V.split(HEAD_ROWS), target_R.split(HEAD_ROWS), strict=True
        ):
            logits_C_V = logits.float()
            token = logits_C_V.gather(1, target.clamp(min=0)[:, None])[:, 0]
            end = logits_C_V[:, self._ends].logsumexp(1) if len(self._ends) else token
            pieces.append(torch.where(target < 0, end, token) - logits_C_V.logsumexp(1))
        return torch.cat(pieces)


def _stop_tokens(model: Any, tokenizer: Any) -> list[int]:
    """The tokenizer's eos token and those of the model's generation settings, each once."""
    settings = getattr(model, "generation_config", None)
    stops = getattr(settings, "eos_token_id", None)
    stops = [stops] if isinstance(stops, int) else list(stops or [])
    if tokenizer.eos_token_id is not None:
        stops.append(tokenizer.eos_token_id)
    return sorted(set(stops))

"""Texts as tokens, none of which is a control token.

A control token steers a model: it begins or ends a turn, a text, or the call of a tool. Only a chat
template may write one. Where a text spells one out ("<|im_end|>" in a question), its characters are
tokenised as the characters they are. Control tokens of a tokenizer are

* its special tokens;
* those of its other added tokens that the chat template writes ("<tool_call>", "<｜User｜>"), or
  that have the form <|...|>. Added words and runs of spaces are text.

Most tokenizers can be asked to split special tokens, but they still match the other added tokens,
and some have special tokens in the vocabulary that they tokenise text with. So what they return is
looked at, and where it has a control token the text is cut within the characters that spell it:
"<" and "|im_end|>", each of which is tokenised apart.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from collate.errors import InputError

TokenIds = tuple[int, ...]

REASONING_MARKS = ("<think>", "</think>")
"""What reasoning models write in their own turns, as tokens that decoding keeps in the text."""

# "<|user|>", and DeepSeek's "<｜User｜>".
_MARKER = re.compile(r"<[|｜].*[|｜]>", re.DOTALL)
# A later piece of a text is tokenised behind one of these, since many tokenizers put a space before
# what a text begins with. In most tokenizers no token goes on after a line end.
_CONTEXTS = ("\n", "0", "x")


class TextEncoder:
    """Turns texts into tokens without control tokens.

    `allowed` are texts of tokens that may come from a text although they are control tokens, as
    long as they are not special ones.
    """

    def __init__(self, tokenizer: Any, *, allowed: Collection[str] = ()) -> None:
        self._tokenizer = tokenizer
        self._text_by_id = _control_tokens(tokenizer, allowed)
        # A character that a tokenizer does not know becomes its unknown token, which controls
        # nothing, unless it is another special token as well.
        unknown_id: int | None = tokenizer.unk_token_id
        roles = (tokenizer.bos_token_id, tokenizer.eos_token_id)
        self._unknown_id = None if unknown_id in roles else unknown_id

    def ids(self, text: str) -> TokenIds:
        """The tokens of a text that goes on behind a prompt.

        A character that by itself is a control token is left out.
        """
        (token_ids,) = self._encode([text], split_special_tokens=True)
        if not self._spelled_out(text, token_ids):
            return tuple(token_ids)
        try:
            return self.joined_ids(self.pieces(text))
        except InputError:  # what a model writes is no reason to end a run
            return tuple(token for token in token_ids if token not in self._text_by_id)

    def control_ids(self, token_ids: Sequence[int]) -> TokenIds:
        """The control tokens among some tokens, in their order."""
        return tuple(
            token for token in token_ids if token in self._text_by_id and token != self._unknown_id
        )

    def pieces(self, text: str) -> list[str]:
        """The text, cut so that no piece becomes a control token, even with special tokens on.

        Raises InputError for a character that by itself is one.
        """
        pieces = [text]
        while True:
            ids_of_pieces = self._encode(pieces)
            cut_pieces = [
                part
                for piece, token_ids in zip(pieces, ids_of_pieces, strict=True)
                for part in self._cut(piece, token_ids)
            ]
            if len(cut_pieces) == len(pieces):
                return pieces
            pieces = cut_pieces

    def joined_ids(self, pieces: Sequence[str]) -> TokenIds:
        """The tokens of a text in pieces; special tokens in a piece are matched.

        One piece is tokenised as the tokenizer does it. The later of several have no space before
        them that is not theirs.
        """
        filled_pieces = [piece for piece in pieces if piece]
        first_ids = self._encode(filled_pieces[:1])
        later_ids = self._ids_behind_text(filled_pieces[1:])
        return tuple(token for token_ids in (*first_ids, *later_ids) for token in token_ids)

    def _ids_behind_text(self, pieces: Sequence[str]) -> list[list[int]]:
        if not pieces:
            return []
        ids_of_pieces: dict[int, list[int]] = {}
        for context in _CONTEXTS:
            left = [index for index in range(len(pieces)) if index not in ids_of_pieces]
            context_ids, *all_ids = self._encode(
                [context, *(context + pieces[index] for index in left)]
            )
            length = len(context_ids)
            for index, token_ids in zip(left, all_ids, strict=True):
                # Otherwise the end of the context has become one token with the piece's beginning.
                if length and token_ids[:length] == context_ids:
                    ids_of_pieces[index] = token_ids[length:]
        for index, piece in enumerate(pieces):
            if index not in ids_of_pieces:
                (ids_of_pieces[index],) = self._encode([piece])
        return [ids_of_pieces[index] for index in range(len(pieces))]

    def _cut(self, piece: str, token_ids: Sequence[int]) -> Iterator[str]:
        """The piece in parts, each shorter than what spells a control token; itself if none is."""
        texts = self._spelled_out(piece, token_ids)
        if not texts:
            yield piece
            return
        if len(piece) == 1:
            raise InputError(
                f"the character {piece!r} cannot be shown to {self._tokenizer.name_or_path}: its "
                "tokenizer knows it only as a control token; take it out of the text"
            )
        longest_first = sorted((re.escape(text) for text in texts if len(text) > 1), key=len)[::-1]
        pattern = "|".join(longest_first) or r"(?!)"
        positions = [match.start() + 1 for match in re.finditer(pattern, piece)]
        # None where the tokenizer normalises texts before it looks for added tokens.
        positions = positions or [len(piece) // 2]
        for start, end in zip([0, *positions], [*positions, len(piece)], strict=True):
            yield piece[start:end]

    def _spelled_out(self, text: str, token_ids: Sequence[int]) -> set[str]:
        """The control tokens, as texts, that a text's tokens hold."""
        texts = {self._text_by_id[token] for token in token_ids if token in self._text_by_id}
        if self._unknown_id is not None:
            unknown_text = self._text_by_id.get(self._unknown_id, "")
            if unknown_text not in text:
                texts.discard(unknown_text)
        return texts

    def _encode(self, texts: list[str], *, split_special_tokens: bool = False) -> list[list[int]]:
        encoded = self._tokenizer(
            texts, add_special_tokens=False, split_special_tokens=split_special_tokens
        )
        ids_of_texts: list[list[int]] = encoded["input_ids"]
        return ids_of_texts


def _control_tokens(tokenizer: Any, allowed: Collection[str]) -> dict[int, str]:
    """The control tokens' texts by id."""
    text_by_id = {}
    for text in tokenizer.all_special_tokens:
        token_id = tokenizer.convert_tokens_to_ids(text)
        # A special token that the vocabulary lacks has no id, or the unknown token's.
        if token_id is not None and tokenizer.convert_ids_to_tokens(token_id) == text:
            text_by_id[token_id] = text
    template_text, template_ids = _template_output(tokenizer)
    for token_id, token in tokenizer.added_tokens_decoder.items():
        text = token.content
        written = token_id in template_ids or text in template_text
        # Neither a word nor a sign such as "==", which a template's source holds as well.
        is_named = any(map(str.isalpha, text)) and not text.strip(" ▁").isalnum()
        is_marker = _MARKER.fullmatch(text) or (written and is_named)
        if token.special or (is_marker and text not in allowed):
            text_by_id[token_id] = text
    return text_by_id


def _template_output(tokenizer: Any) -> tuple[str, set[int]]:
    """What chat templates write: their source, and the tokens of one conversation."""
    template = tokenizer.chat_template
    if template is None:
        return "", set()
    source = template if isinstance(template, str) else "\n".join(template.values())
    system, user, assistant = (
        {"role": role, "content": "1"} for role in ("system", "user", "assistant")
    )
    for messages in ([system, user, assistant, user], [user, assistant, user], [user]):
        try:
            text = tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
        except Exception:  # a template may refuse some roles; see `chat.py` for what is said of it
            continue
        encoded = tokenizer(text, add_special_tokens=False, split_special_tokens=False)
        return source, set(encoded["input_ids"])
    return source, set()

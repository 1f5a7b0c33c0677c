"""The tokens of a raw text, in which punctuation touches words, as the training rows have theirs.

Their tokens are given, by tokenizers that nobody knows. So the rule follows their words and signs.
A sign is a character of punctuation or a symbol.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from conveyor.tokens import find_pieces

Bounds = tuple[int, int]

APOSTROPHES = "'’"
MOST_SIGNS = 2  # of a known word at either end, such as C++
FEWEST = 5  # tokens with a sign at one end, below which they are slips of their tokenizer


@dataclass(frozen=True)
class AttachedSigns:
    """Signs that belong to the word they touch, such as # of #tag, since more tokens of the
    training rows begin or end with them than are such a sign alone."""

    start: frozenset[str]
    end: frozenset[str]

    @classmethod
    def count(cls, tokens: Mapping[str, int]) -> "AttachedSigns":
        """Find them by how often each token is in the training rows."""
        alone, start, end = Counter[str](), Counter[str](), Counter[str]()
        for token, count in tokens.items():
            first, last = _find_word(token)
            if first == last:
                alone.update(dict.fromkeys(token, count))
                continue
            start.update(dict.fromkeys(token[:first], count))
            end.update(dict.fromkeys(token[last:], count))
        return cls(_more(start, alone), _more(end, alone))

    @classmethod
    def of(cls, start: str, end: str) -> "AttachedSigns":
        """The signs in two texts, those of `to_json`."""
        return cls(frozenset(start), frozenset(end))

    def to_json(self) -> dict[str, str]:
        """The signs in their order."""
        return {"start": "".join(sorted(self.start)), "end": "".join(sorted(self.end))}


@dataclass(frozen=True)
class RawTextRule:
    """How a raw text becomes tokens.

    A piece between white space is one token if the training rows know it. Of any other piece the
    signs before its first and after its last letter or digit become tokens, equal ones together,
    unless they are attached signs or the longer word is known (`U.S.`). What is left is one token,
    or two if it has an apostrophe and one of them is known: `'s`, `n't`, or `l'`.

    Attributes:
        is_known: whether a token is a word of the vocabulary.
        attached: None leaves the pieces between white space as they are.
    """

    is_known: Callable[[str], bool]
    attached: AttachedSigns | None

    def find_tokens(self, text: str) -> list[Bounds]:
        """Return the bounds of the tokens of a text."""
        pieces = find_pieces(text)
        if self.attached is None:
            return pieces
        return [bounds for piece in pieces for bounds in self._split(text, piece)]

    def _split(self, text: str, piece: Bounds) -> Iterator[Bounds]:
        start, end = piece
        if self.is_known(text[start:end]):
            yield piece
            return
        first, last = self._find_core(text[start:end])
        first, last = start + first, start + last
        yield from _group(text, start, first)
        if first < last:
            yield from self._split_at_apostrophe(text, first, last)
        yield from _group(text, last, end)

    def _find_core(self, piece: str) -> Bounds:
        """Return the word of a piece with the signs that belong to it."""
        assert self.attached is not None
        first, last = _find_word(piece)
        if first == last:
            return first, last
        while first and piece[first - 1] in self.attached.start:
            first -= 1
        while last < len(piece) and piece[last] in self.attached.end:
            last += 1
        for before in range(max(0, first - MOST_SIGNS), first + 1):
            for after in range(min(len(piece), last + MOST_SIGNS), last - 1, -1):
                if self.is_known(piece[before:after]):
                    return before, after
        return first, last

    def _split_at_apostrophe(self, text: str, first: int, last: int) -> Iterator[Bounds]:
        word = text[first:last]
        places = [place for place, character in enumerate(word) if character in APOSTROPHES]
        if places and not self.is_known(word):
            ends = [places[-1] - 1, places[-1]]  # n't begins before its apostrophe
            cuts = [end for end in ends if end > 0 and self.is_known(word[end:])]
            begin = places[0] + 1
            cuts += [begin] if begin < len(word) and self.is_known(word[:begin]) else []
            if cuts:
                yield first, first + cuts[0]
                first += cuts[0]
        yield first, last


def _find_word(piece: str) -> Bounds:
    """Return the bounds from the first letter or digit to the last, with the marks on it; both are
    the length of a piece without any.

    >>> _find_word("(3.5),"), _find_word("...")
    ((1, 4), (3, 3))
    """
    places = [place for place, character in enumerate(piece) if character.isalnum()]
    if not places:
        return len(piece), len(piece)
    last = places[-1] + 1
    while last < len(piece) and not _is_sign(piece[last]):
        last += 1
    return places[0], last


def _group(text: str, start: int, end: int) -> Iterator[Bounds]:
    """Yield the bounds of equal signs that touch; what is no sign belongs to the sign before."""
    first = start
    for place in range(start + 1, end):
        if _is_sign(text[place]) and text[place] != text[first]:
            yield first, place
            first = place
    if first < end:
        yield first, end


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _more(counts: Counter[str], others: Counter[str]) -> frozenset[str]:
    return frozenset(s for s, count in counts.items() if count >= FEWEST and count > others[s])

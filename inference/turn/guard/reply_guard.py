"""The guard of replies: holds back each part of a reply until it is checked, and says something honest instead of a
part that claims what no tool did, or that holds a number or a reference from nowhere."""

from __future__ import annotations

import asyncio
import re

from inference.turn.guard.conversation import Conversation
from inference.turn.guard.evidence import Evidence
from inference.turn.guard.reading import DialogueReader, Withheld
from inference.turn.sentences import SentenceSplitter

#: The end of a clause, at which the beginning of a sentence may leave early: a voice pauses there too.
_CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+")

#: Characters of a clause that is worth leaving early.
_SHORTEST_CLAUSE = 3


class ReplyGuard:
    """Takes the deltas of one round of a reply, returns text that may be sent and spoken.

    Text leaves at the end of a clause or sentence. ``decisions``: what was withheld, for the model call's details.
    """

    def __init__(self, conversation: Conversation, reader: DialogueReader) -> None:
        self._reader = reader
        self._evidence = Evidence(conversation, reader)
        self._splitter = SentenceSplitter()
        self._text = ""
        #: Indices into the text: up to where it has left, and where the sentence begins that is not complete.
        self._left = self._begins = 0
        self.decisions: list[Withheld] = []

    def speaks(self, language: str) -> None:
        """The reply is in another language than it was asked for, ISO 639-1."""
        self._evidence.language = language

    async def feed(self, delta: str) -> str:
        """Adds text; returns what may be sent of the text so far."""
        self._text += delta
        return await self._complete(self._splitter.feed(delta)) + await self._early()

    async def flush(self) -> str:
        """Ends the round; returns the rest that may be sent."""
        released = await self._complete(self._splitter.flush())
        white, self._left = self._text[self._left :], len(self._text)
        return released + white

    async def _complete(self, sentences: list[str]) -> str:
        """The text of complete sentences, without what of them has left early."""
        released = ""
        for sentence in sentences:
            end = self._text.index(sentence, self._begins) + len(sentence)
            part, self._left = self._text[self._left : end], max(self._left, end)
            self._begins = end
            why = await self._why(sentence)
            if why is None:
                released += part
                continue
            if why not in self.decisions:
                white = part[: len(part) - len(part.lstrip())]
                released += white + self._reader.instead(why, self._evidence.language)
            self.decisions.append(why)
        return released

    async def _early(self) -> str:
        """The clauses of the sentence that has begun, if nothing in them needs a look at its end."""
        ends = [match.start() for match in _CLAUSE_END.finditer(self._text, self._left)]
        if not ends or ends[-1] - self._left < _SHORTEST_CLAUSE:
            return ""
        if await self._why(self._text[self._begins : ends[-1]]) is not None:
            return ""
        part, self._left = self._text[self._left : ends[-1]], ends[-1]
        return part

    async def _why(self, text: str) -> Withheld | None:
        if not self._evidence.is_needed_for(text):
            return None
        return await asyncio.to_thread(self._evidence.why_withheld, text)

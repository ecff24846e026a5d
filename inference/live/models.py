"""The models of live calls in one process, and whether they can take one more call."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial

import structlog

from db.errors import EngineUnavailable, Overloaded
from db.languages import LANGUAGES
from inference.audio.vad import SpeechDetector
from inference.lane import Lane, Priority
from inference.lender import Engines, Lender
from inference.live.call import CallParts
from inference.live.turn_score import TurnScorer
from inference.ports import Samples, StreamingTranscriber
from inference.turn.attempt import TurnSetup

_RETRY_SECONDS = 2.0

log = structlog.get_logger(__name__)


class LiveModels:
    """``engines``: of the process's turns, which speak the replies of calls too; loaded by their owner."""

    def __init__(self, lane: Lane, recognizer: Lender[StreamingTranscriber], engines: Engines) -> None:
        self._lane = lane
        self._lender = recognizer
        self._engines = engines
        self._voice = SpeechDetector()
        self._scorer = TurnScorer()
        self._recognizer: StreamingTranscriber | None = None
        self._reason = "The models of calls are being loaded."
        self._lent = AsyncExitStack()

    async def load(self) -> None:
        """Loads the recogniser and the ear. Logs what cannot be loaded: then no call is accepted."""
        try:
            await asyncio.to_thread(self._voice.load)
            await asyncio.to_thread(self._scorer.load)
            self._recognizer = await self._lent.enter_async_context(self._lender.lend())
        except EngineUnavailable as error:
            self._reason = error.message
            log.error("calls_unavailable", reason=error.message)

    @property
    def loaded(self) -> bool:
        """Whether a call can be heard and answered."""
        stages = (self._engines.llm, self._engines.tts)
        return self._recognizer is not None and all(any(each.loaded for each in stage) for stage in stages)

    @property
    def languages(self) -> frozenset[str]:
        """The languages in which calls are answered."""
        spoken = [each.info.languages for each in self._engines.llm]
        if not all(spoken):  # an engine without a list answers in any language
            return frozenset(LANGUAGES)
        return frozenset(language for languages in spoken for language in languages if language in LANGUAGES)

    def check(self) -> None:
        """Raises EngineUnavailable while a call cannot be answered, Overloaded while final words come late."""
        if not self.loaded:
            raise EngineUnavailable(self._reason)
        if not self._lane.admits_call:
            raise Overloaded("The speech recognition is too busy for another call.", _RETRY_SECONDS)

    def parts(self, setup: TurnSetup) -> CallParts:
        """What a new call gets. Raises EngineUnavailable."""
        if self._recognizer is None:
            raise EngineUnavailable(self._reason)
        return CallParts(setup, self._recognizer, self._voice.stream, self._score)

    async def _score(self, samples: Samples) -> float:
        return await self._lane.run(Priority.TURN_SCORE, partial(self._scorer.score, samples))

    async def close(self) -> None:
        await self._lent.aclose()
        await self._lender.close()

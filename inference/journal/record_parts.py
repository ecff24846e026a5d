"""What the records of a process's live calls share, and the audio of a turn that has not ended, in segments."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from db.audio.encoded import EncodedAudio
from db.audio.persist import NewAudio, new_audio, upload
from db.audio.store import AudioStore
from db.calls.values import Segment
from db.enums import AudioKind
from db.errors import AudioStoreUnavailable
from db.feed.feed import Feed
from db.postgres.database import Database
from inference.audio.wav import encode_pcm
from inference.journal.call_recordings import CallRecordings
from inference.journal.live_jobs import LiveJobOwner
from inference.ports import SAMPLE_RATE, JournalLost, Samples

#: Samples of a segment: about what is lost if the process dies.
_SEGMENT = SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class RecordParts:
    """``patience_seconds``: how long writes are retried during an outage."""

    database: Database
    store: AudioStore
    jobs: LiveJobOwner
    feed: Feed
    recordings: CallRecordings
    patience_seconds: float

    async def upload(self, audio: EncodedAudio, session_id: UUID) -> NewAudio:
        """A caller's audio, uploaded if an object store keeps it. Raises JournalLost."""
        new = new_audio(AudioKind.RECORDING, audio, session_id=session_id)
        try:
            return await upload(self.store, new, patience_seconds=self.patience_seconds)
        except AudioStoreUnavailable as error:
            raise JournalLost from error


@dataclass(slots=True)
class UnfinishedAudio:
    """Gathers the caller's audio until it fills a segment. ``elapsed_ms``: position in the call's audio.

    ``number``: of the last segment.
    """

    elapsed_ms: int
    number: int
    _samples: list[Samples] = field(default_factory=list)
    _size: int = 0
    #: Where each utterance that is not stored yet ended, in milliseconds, and its last segment.
    _ends: list[tuple[int, int]] = field(default_factory=list)

    def follow_on(self, before: UnfinishedAudio) -> None:
        """The audio of the connection before, whose segments are stored up to ``number``."""
        self._ends = [(at_ms, min(last, self.number)) for at_ms, last in before._ends]

    def add(self, samples: Samples) -> Segment | None:
        """The segment that is full now."""
        self._samples.append(samples)
        self._size += samples.size
        self.elapsed_ms += round(samples.size * 1000 / SAMPLE_RATE)
        return self.take() if self._size >= _SEGMENT else None

    def take(self) -> Segment | None:
        """A segment of what there is."""
        if not self._size:
            return None
        data = b"".join(map(encode_pcm, self._samples))
        at_ms = max(0, self.elapsed_ms - round(self._size * 1000 / SAMPLE_RATE))
        self._forget()
        self.number += 1
        return Segment(self.number, at_ms, data)

    def end_at(self, at_ms: int) -> Segment | None:
        """The utterance ends there: what follows is of the next one. A segment of its last audio."""
        self.at_least(at_ms)
        segment = self.take()
        self._ends.append((at_ms, self.number))
        return segment

    def covered(self, ended_ms: int) -> int:
        """Number of the last segment of a turn that ends there; what the caller has said since is not part of it."""
        number = max((last for at_ms, last in self._ends if at_ms <= ended_ms), default=0)
        self._ends = [each for each in self._ends if each[0] > ended_ms]
        return number

    def cleared(self) -> int:
        """Forgets the utterance that has not ended. Number of the last segment that nothing else needs.

        The segments of an utterance that has ended, and is not stored yet, are all that is left of it if the process
        dies; segments are dropped from the first one on, so those of the forgotten utterance are kept until then.
        """
        self._forget()
        return 0 if self._ends else self.number

    def _forget(self) -> None:
        """What has not become a segment."""
        self._samples.clear()
        self._size = 0

    def at_least(self, at_ms: int) -> None:
        """The call's audio has come that far."""
        self.elapsed_ms = max(self.elapsed_ms, at_ms)

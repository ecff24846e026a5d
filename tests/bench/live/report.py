"""The tables of live calls."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.live.figures import (
    AT_ONCE_SECONDS,
    Comparison,
    Level,
    first_sounds,
    interruptions,
    pairs,
    quantiles,
    share,
    shown_words,
)
from tests.bench.load import percentile
from tests.bench.report import publish, table

_PIPECAT = "1.14.0"

_WHAT = f"""\
`python -m tests.bench live`: callers in real time over the OpenAI Realtime protocol, 20 ms frames of pcm16 at 24 kHz;
the voice role as a process with its bundled engines and a Postgres of its own. Clips of people (LJ Speech, with one
caller also John F. Kennedy, whose pauses of more than a second are one turn here too) and synthesised requests.
Milliseconds, p50 / p90.

- *First sound*: from the end of the last word to the first audio at the client. *Decided*, *sent*: the server's own
  times (`Turn.live`). *Begun in the pause*: turns whose reply was.
- *Stop*: from the caller's first word over a reply until `input_audio_buffer.speech_started`; in brackets how many.
- *Words*: from a word's end until a transcription delta has it, of the words that come before the final transcript;
  *at once*: within {AT_ONCE_SECONDS * 1000:.0f} ms, of all words.
- *Ended early*: turns committed before their last word; *answered early*: those whose caller heard a reply before it.
- *Gaps*: pauses within the audio of replies, of more than 20 ms.
- *CPU*: cores a call, of the voice role and of Postgres."""


def publish_live(levels: Sequence[Level], comparison: Comparison | None, *, keep: bool) -> None:
    text = f"{_WHAT}\n\n{_levels(levels)}"
    problems = {f"- {level.callers} callers: {each}" for level in levels for each in level.calls.problems}
    if problems:
        text += "\n\nProblems:\n\n" + "\n".join(sorted(problems))
    if comparison is not None:
        text += f"\n\n{_comparison(comparison)}"
    publish("live", text, {"levels": levels, "comparison": comparison}, keep=keep)


def _levels(levels: Sequence[Level]) -> str:
    head = (
        "callers", "turns", "not answered", "first sound", "decided", "sent", "begun in the pause", "stop", "words",
        "at once", "ended early", "answered early", "gaps", "refused", "CPU",
    )  # fmt: skip
    return table(head, [_row(level) for level in levels])


def _row(level: Level) -> list[str]:
    calls, stored = level.calls, level.stored
    stops = interruptions(calls)
    missed = sum(turn.missed for turn in calls.turns)
    words, said = shown_words(calls)
    return [
        str(level.callers),
        str(len(calls.turns)),
        str(sum(turn.first_sound is None for turn in calls.turns)),
        quantiles(first_sounds(calls)),
        quantiles([each / 1000 for each in stored.decided]),
        quantiles([each / 1000 for each in stored.sent]),
        share(stored.speculative, stored.turns),
        f"{quantiles(stops)} ({len(stops)})" + (f", {missed} missed" if missed else ""),
        quantiles(words),
        share(sum(each <= AT_ONCE_SECONDS for each in words), said),
        str(sum(turn.ended_early > 0 for turn in calls.turns)),
        str(sum(turn.answered_early > 0 for turn in calls.turns)),
        str(sum(turn.gaps for turn in calls.turns)),
        str(calls.refused),
        f"{level.voice_cpu:.2f} + {level.postgres_cpu:.2f}",
    ]


def _comparison(comparison: Comparison) -> str:
    both = pairs(comparison)
    rows = []
    for clip in dict.fromkeys(comparison.clips):
        at = [index for index, name in enumerate(comparison.clips) if name == clip]
        early = [str(sum(each[index] for index in at)) for each in (comparison.our_early, comparison.their_early)]
        mine = [ours for name, ours, _ in both if name == clip]
        others = [theirs for name, _, theirs in both if name == clip]
        rows.append([clip, str(len(at)), *early, *_medians(mine, others)])
    ours, theirs = [each for _, each, _ in both], [each for _, _, each in both]
    early = [str(sum(each)) for each in (comparison.our_early, comparison.their_early)]
    rows.append(["all", str(len(comparison.clips)), *early, *_medians(ours, theirs)])
    silent = [sum(each is None for each in found) for found in (comparison.ours, comparison.theirs)]
    head = ("clip", "turns", "answered early", "by Pipecat", "first sound, median", "Pipecat's", "ratio")
    return (
        f"Beside Pipecat {_PIPECAT}: the same Whisper base (CTranslate2, int8), voice joe (there Piper's ONNX model,"
        " here ESPnet), Silero and smart-turn v3.2, the same stub of a chat server that answers at once, the same"
        " clips, one call, in turn. Its first sound is taken where it leaves the pipeline, without a transport;"
        " VoxLoom's at the client, behind a commit. First sounds are those of the turns that neither of them answered"
        " before the last word.\n\n"
        + table(head, rows)
        + f"\n\np50 / p90 of {len(both)} turns: VoxLoom {quantiles(ours)}, Pipecat {quantiles(theirs)}; not answered:"
        f" VoxLoom {silent[0]}, Pipecat {silent[1]}. CPU of a call: VoxLoom {comparison.our_cpu:.2f} cores, Pipecat"
        f" {comparison.their_cpu:.2f}."
    )


def _medians(ours: Sequence[float], theirs: Sequence[float]) -> list[str]:
    mine, others = percentile(ours, 50), percentile(theirs, 50)
    return [f"{mine * 1000:.0f}", f"{others * 1000:.0f}", f"{mine / others:.2f}"] if others else ["", "", ""]

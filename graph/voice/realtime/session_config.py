"""The session of the Realtime protocol: what a ``session.update`` may change, and the session as clients are shown it.

A member that is refused changes nothing of the update. Members without an effect (model, tracing, noise_reduction …)
are accepted and left out of the session that is shown: docs/reference/realtime.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from openai.types.realtime import RealtimeSessionCreateRequest
from openai.types.realtime.audio_transcription import AudioTranscription
from openai.types.realtime.realtime_audio_config import RealtimeAudioConfig
from openai.types.realtime.realtime_audio_config_input import RealtimeAudioConfigInput
from openai.types.realtime.realtime_audio_config_output import RealtimeAudioConfigOutput
from openai.types.realtime.realtime_audio_formats import AudioPCM, AudioPCMA, AudioPCMU, RealtimeAudioFormats
from openai.types.realtime.realtime_audio_input_turn_detection import SemanticVad, ServerVad

from db.calls.turn_taking import MAX_SILENCE_MS, MIN_SILENCE_MS
from db.turns.live_values import Eagerness, TurnTaking
from graph.voice.audio_format import AudioFormat
from graph.voice.realtime.client_events import ClientError

DEFAULT_CUSTOMER = "anonymous"
DEFAULT_LANGUAGE = "en"
DEFAULT_VOICE = "default"

_EAGERNESS = {
    "low": Eagerness.LOW,
    "medium": Eagerness.AUTO,
    "high": Eagerness.HIGH,
    "auto": Eagerness.AUTO,
}
_SHOWN_EAGERNESS: Mapping[Eagerness, Literal["low", "high", "auto"]] = {
    Eagerness.LOW: "low",
    Eagerness.AUTO: "auto",
    Eagerness.HIGH: "high",
}

#: What an agent's definition decides, so that a client may not.
_AGENTS_OWN = "is part of the agent's definition and cannot be set by a client"


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The settings of one connection. ``customer_id``, ``metadata``: of the session to open; None with a call's token.

    ``transcribes``: whether the client wants the words of the caller. ``detection``: as the client named it.
    """

    agent: str
    voice: str | None = None
    language: str = DEFAULT_LANGUAGE
    customer_id: str = DEFAULT_CUSTOMER
    metadata: Mapping[str, object] = field(default_factory=dict)
    input_format: AudioFormat = AudioFormat.PCM
    output_format: AudioFormat = AudioFormat.PCM
    transcribes: bool = True
    detection: Literal["server_vad", "semantic_vad"] = "semantic_vad"
    turn_taking: TurnTaking = field(default_factory=TurnTaking)


def updated(config: SessionConfig, request: RealtimeSessionCreateRequest, *, opened: bool) -> SessionConfig:
    """The settings after an update. ``opened``: the session and its call exist. Raises ClientError."""
    _check_agents_own(config, request)
    audio = request.audio
    if audio is not None and audio.input is not None:
        config = _with_input(config, audio.input, opened=opened)
    if audio is not None and audio.output is not None and audio.output.format is not None:
        config = replace(config, output_format=_format(audio.output.format))
    extra = request.model_extra or {}
    if extra.get("metadata") is not None:
        config = _with_metadata(config, extra["metadata"], opened=opened)
    return config


def shown(config: SessionConfig, session_id: str) -> RealtimeSessionCreateRequest:
    """The effective session. ``session_id``: the id of the connection's session, as the protocol names it."""
    transcription = AudioTranscription(language=config.language) if config.transcribes else None
    return RealtimeSessionCreateRequest.model_validate(
        {
            "type": "realtime",
            "object": "realtime.session",
            "id": session_id,
            "model": config.agent,
            "output_modalities": ["audio"],
            "audio": RealtimeAudioConfig(
                input=RealtimeAudioConfigInput(
                    format=shown_format(config.input_format),
                    noise_reduction=None,
                    transcription=transcription,
                    turn_detection=_shown_detection(config),
                ),
                output=RealtimeAudioConfigOutput(
                    format=shown_format(config.output_format), voice=config.voice or DEFAULT_VOICE, speed=1.0
                ),
            ),
            "tools": [],
            "tool_choice": "auto",
            "tracing": None,
        }
    )


def _check_agents_own(config: SessionConfig, request: RealtimeSessionCreateRequest) -> None:
    output = None if request.audio is None else request.audio.output
    voice = None if output is None else output.voice
    faults = {
        "instructions": bool(request.instructions),
        "tools": bool(request.tools),
        "tool_choice": request.tool_choice not in (None, "auto"),
        "prompt": request.prompt is not None,
        "max_output_tokens": request.max_output_tokens not in (None, "inf"),
        "audio.output.voice": voice is not None and voice != (config.voice or DEFAULT_VOICE),
    }
    for member, refused in faults.items():
        if refused:
            raise unsupported(f"session.{member}", f"session.{member} {_AGENTS_OWN}.")
    if request.output_modalities not in (None, ["audio"]):
        raise unsupported("session.output_modalities", 'session.output_modalities must be ["audio"].')
    if output is not None and output.speed not in (None, 1):
        raise unsupported("session.audio.output.speed", "session.audio.output.speed must be 1.")


def unsupported(param: str, message: str) -> ClientError:
    return ClientError("unsupported", message, param=param)


def _with_input(config: SessionConfig, given: RealtimeAudioConfigInput, *, opened: bool) -> SessionConfig:
    if given.format is not None:
        config = replace(config, input_format=_format(given.format))
    if "transcription" in given.model_fields_set:
        config = replace(config, transcribes=given.transcription is not None)
        language = None if given.transcription is None else given.transcription.language
        if language is not None and not opened:
            config = replace(config, language=language)
    if "turn_detection" in given.model_fields_set:
        config = _with_detection(config, given.turn_detection)
    return config


def _with_detection(config: SessionConfig, given: ServerVad | SemanticVad | None) -> SessionConfig:
    taking = config.turn_taking
    if given is None:
        return replace(config, turn_taking=replace(taking, eagerness=Eagerness.MANUAL))
    where = "session.audio.input.turn_detection"
    if given.create_response is False:
        wanted = "null, and send input_audio_buffer.commit and response.create yourself"
        raise unsupported(
            f"{where}.create_response", f"{where}.create_response must be true; or set {where} to {wanted}."
        )
    if taking.eagerness is Eagerness.MANUAL:
        taking = replace(taking, eagerness=Eagerness.AUTO)
    if given.interrupt_response is not None:
        taking = replace(taking, interruptible=given.interrupt_response)
    if isinstance(given, SemanticVad):
        if given.eagerness is not None:
            taking = replace(taking, eagerness=_EAGERNESS[given.eagerness])
    else:
        if given.idle_timeout_ms is not None:
            raise unsupported(f"{where}.idle_timeout_ms", f"{where}.idle_timeout_ms is not supported.")
        if given.silence_duration_ms is not None:
            if not MIN_SILENCE_MS <= given.silence_duration_ms <= MAX_SILENCE_MS:
                limits = f"{MIN_SILENCE_MS} to {MAX_SILENCE_MS}"
                param = f"{where}.silence_duration_ms"
                raise ClientError("invalid_value", f"{param} must be {limits}.", param=param)
            taking = replace(taking, max_silence_ms=given.silence_duration_ms)
    return replace(config, detection=given.type, turn_taking=taking)


def _with_metadata(config: SessionConfig, given: object, *, opened: bool) -> SessionConfig:
    """Metadata names the customer and the language; all other members become the session's metadata."""
    if opened:
        raise unsupported("session.metadata", "session.metadata cannot change: the session has been opened.")
    if not isinstance(given, dict):
        raise ClientError("invalid_value", "session.metadata must be an object.", param="session.metadata")
    rest = dict(given)
    customer_id, language = rest.pop("customer_id", config.customer_id), rest.pop("language", config.language)
    if not (isinstance(customer_id, str) and isinstance(language, str)):
        message = "session.metadata.customer_id and session.metadata.language must be text."
        raise ClientError("invalid_value", message, param="session.metadata")
    return replace(config, customer_id=customer_id, language=language, metadata=rest)


def _format(given: RealtimeAudioFormats) -> AudioFormat:
    return AudioFormat(given.type or AudioFormat.PCM)


def shown_format(audio_format: AudioFormat) -> RealtimeAudioFormats:
    if audio_format is AudioFormat.PCM:
        return AudioPCM(type="audio/pcm", rate=24_000)
    return AudioPCMU(type="audio/pcmu") if audio_format is AudioFormat.ULAW else AudioPCMA(type="audio/pcma")


def _shown_detection(config: SessionConfig) -> ServerVad | SemanticVad | None:
    taking = config.turn_taking
    if taking.eagerness is Eagerness.MANUAL:
        return None
    both = {"create_response": True, "interrupt_response": taking.interruptible}
    if config.detection == "semantic_vad":
        return SemanticVad(type="semantic_vad", eagerness=_SHOWN_EAGERNESS[taking.eagerness], **both)
    silence = {} if taking.max_silence_ms is None else {"silence_duration_ms": taking.max_silence_ms}
    return ServerVad(type="server_vad", **both, **silence)

"""The OpenAI Realtime protocol as Markdown: every client and server event of the official SDK, and what comes of it.

``tests/graph/voice/realtime/test_events.py`` compares the tables with the SDK's unions and with the code.
"""

from __future__ import annotations

from collections.abc import Mapping

from db.calls.turn_taking import MAX_SILENCE_MS, MIN_SILENCE_MS
from graph.voice.close_codes import IDLE, KEY_ENDED, SUPERSEDED
from graph.voice.realtime.conversation import MAX_ITEMS
from graph.voice.realtime.replies import LEAD_MS
from graph.voice.realtime.session_config import DEFAULT_CUSTOMER, DEFAULT_LANGUAGE
from graph.voice.web import MAX_MESSAGE_BYTES

YES, PARTLY, REFUSED = "yes", "partly", "refused"
SENT, NOT_SENT = "sent", "not sent"

CLIENT: Mapping[str, tuple[str, str]] = {
    "session.update": (PARTLY, "see above; all of an update is applied, or nothing of it and an `error` says why"),
    "input_audio_buffer.append": (
        YES,
        "faster than real time waits: the server stops reading; base64 that is none and half samples are refused",
    ),
    "input_audio_buffer.commit": (YES, "ends the caller's turn now; without audio `input_audio_buffer_commit_empty`"),
    "input_audio_buffer.clear": (YES, "drops the audio of the turn that has not ended"),
    "conversation.item.create": (
        PARTLY,
        "a message of the user with `input_text`, at the end; all else is `unsupported`: audio comes by "
        "`input_audio_buffer.append`, tools run in the server",
    ),
    "conversation.item.truncate": (YES, "says where the client stopped playing: the record of what the caller heard"),
    "conversation.item.retrieve": (PARTLY, f"without audio, and of the last {MAX_ITEMS} items of the connection"),
    "conversation.item.delete": (REFUSED, "the record of a conversation stays whole"),
    "response.create": (
        PARTLY,
        "answers what was committed or typed; `nothing_to_respond_to` if there is nothing; members of `response` that "
        "change the answer are `unsupported`",
    ),
    "response.cancel": (YES, "stops the reply; `response_cancel_not_active` without one"),
    "output_audio_buffer.clear": (YES, "stops the reply, whose audio the server sends ahead of playback; WebRTC's"),
}

SERVER: Mapping[str, tuple[str, str]] = {
    "error": (SENT, "`type`, `code`, `message`, `param`, `event_id` of the client's event; the connection goes on"),
    "session.created": (SENT, "after the handshake"),
    "session.updated": (SENT, "the effective session"),
    "conversation.created": (SENT, "once the call is open; `conversation.id` is the session's id in GraphQL"),
    "conversation.item.created": (NOT_SENT, "the beta's name of `conversation.item.added`"),
    "conversation.item.added": (SENT, ""),
    "conversation.item.done": (SENT, ""),
    "conversation.item.retrieved": (SENT, ""),
    "conversation.item.truncated": (SENT, ""),
    "conversation.item.deleted": (NOT_SENT, "nothing can be deleted"),
    "conversation.item.input_audio_transcription.delta": (
        SENT,
        "while the caller speaks; a word that is corrected later is right in `completed` only",
    ),
    "conversation.item.input_audio_transcription.completed": (
        SENT,
        "once the turn is stored; again for the same item when the caller went on and the turn was reopened",
    ),
    "conversation.item.input_audio_transcription.segment": (NOT_SENT, "no diarization"),
    "conversation.item.input_audio_transcription.failed": (NOT_SENT, "an `error` says that recognition failed"),
    "input_audio_buffer.speech_started": (SENT, "stop playing; `item_id` is the message's id in GraphQL"),
    "input_audio_buffer.speech_stopped": (SENT, ""),
    "input_audio_buffer.committed": (SENT, "the turn has ended"),
    "input_audio_buffer.cleared": (SENT, ""),
    "input_audio_buffer.timeout_triggered": (NOT_SENT, "`idle_timeout_ms` is refused; the assistant asks by itself"),
    "input_audio_buffer.dtmf_event_received": (NOT_SENT, "SIP only"),
    "output_audio_buffer.started": (NOT_SENT, "WebRTC and SIP only"),
    "output_audio_buffer.stopped": (NOT_SENT, "WebRTC and SIP only"),
    "output_audio_buffer.cleared": (SENT, "answers `output_audio_buffer.clear`"),
    "response.created": (SENT, ""),
    "response.done": (
        SENT,
        "`completed`, `cancelled` (`turn_detected`, `client_cancelled`) or `failed`; without `usage`",
    ),
    "response.output_item.added": (SENT, ""),
    "response.output_item.done": (SENT, ""),
    "response.content_part.added": (SENT, ""),
    "response.content_part.done": (SENT, ""),
    "response.output_audio.delta": (SENT, f"about 0.1 s each, at most {LEAD_MS / 1e3:g} s ahead of playback"),
    "response.output_audio.done": (SENT, ""),
    "response.output_audio_transcript.delta": (SENT, "as the reply is written, ahead of its audio"),
    "response.output_audio_transcript.done": (SENT, ""),
    "response.output_text.delta": (NOT_SENT, "responses are audio"),
    "response.output_text.done": (NOT_SENT, "responses are audio"),
    "response.function_call_arguments.delta": (NOT_SENT, "tools run in the server: see GraphQL's `ToolCallStarted`"),
    "response.function_call_arguments.done": (NOT_SENT, "the same"),
    "response.mcp_call_arguments.delta": (NOT_SENT, "the same"),
    "response.mcp_call_arguments.done": (NOT_SENT, "the same"),
    "response.mcp_call.in_progress": (NOT_SENT, "the same"),
    "response.mcp_call.completed": (NOT_SENT, "the same"),
    "response.mcp_call.failed": (NOT_SENT, "the same"),
    "mcp_list_tools.in_progress": (NOT_SENT, "the same"),
    "mcp_list_tools.completed": (NOT_SENT, "the same"),
    "mcp_list_tools.failed": (NOT_SENT, "the same"),
    "rate_limits.updated": (NOT_SENT, ""),
}

SESSION: Mapping[str, str] = {
    "type": "`realtime`; `transcription` is refused",
    "audio.input.format, audio.output.format": (
        "`audio/pcm` (16 bits, little endian, 24 kHz), `audio/pcmu`, `audio/pcma` (G.711, 8 kHz); the output's from "
        "the next response on"
    ),
    "audio.input.turn_detection": (
        "`semantic_vad` with `eagerness` (`medium` is `auto`) and `interrupt_response`; `server_vad` with "
        f"`silence_duration_ms` ({MIN_SILENCE_MS} to {MAX_SILENCE_MS:,}: the silence that ends any turn) and "
        "`interrupt_response`; both find the end of a turn by sound and words; `null`: the client commits. "
        "`create_response: false` and `idle_timeout_ms` are refused; `threshold` and `prefix_padding_ms` have no effect"
    ),
    "audio.input.transcription": "`null` stops the transcription events; of its members only `language` has an effect",
    "metadata": "as above; refused once the call is open",
    "instructions, tools, tool_choice, prompt, max_output_tokens, audio.output.voice, audio.output.speed, "
    "output_modalities": "the agent's own: refused (`unsupported`), unless empty or what they are anyway",
    "model, tracing, include, truncation, reasoning, parallel_tool_calls, audio.input.noise_reduction": (
        "accepted without an effect"
    ),
}

_HEAD = """# The OpenAI Realtime protocol

The voice role serves the [Realtime API](https://platform.openai.com/docs/guides/realtime) of OpenAI over a websocket,
so that its SDKs are clients of VoxLoom: `ws://HOST:8010/v1/realtime?model=AGENT`. Tested with the official Python SDK
and npm's `@openai/agents-realtime`, unchanged.

```python
from openai import AsyncOpenAI

client = AsyncOpenAI(api_key=KEY, websocket_base_url="ws://127.0.0.1:8010/v1")
async with client.realtime.connect(model="billing_agent") as connection:
    ...
```

- **Agent**: `model` is the name of an agent (`capabilities.personas`), or a version: `NAME@VERSION`, also a draft.
- **Key**: an API key, or the token of `openCall`, as `Authorization: Bearer`, or as browsers' clients send it in the
  subprotocol `openai-insecure-api-key.<key>` beside `realtime`. A token belongs to one call, whose agent it has:
  `model` may be left out.
- **Session and call**: a token's call is there. With an API key, the first `session.update` or the first audio or item
  opens a session and its call. `session.metadata` of that update may hold `customer_id` (default: `{customer}`) and
  `language` (default: `session.audio.input.transcription.language`, else `{language}`); all its other
  members become the session's metadata. In the Python SDK `session` is a dict that takes it; in
  `@openai/agents-realtime` it is `config.providerData`.
- **Ids**: `conversation.id` is the session's id; the item of a caller's turn has its message's id, except for speech
  over a reply and turns that the client committed.

{session}
## What the caller heard

The protocol has no acknowledgements. A client plays what it was sent in real time: so what was heard follows the clock
(`Playback.source` is `CLOCK`), a little behind, and never beyond what was sent. On `input_audio_buffer.speech_started`
a client stops playing and says where with `conversation.item.truncate`, as the SDKs do (`TRUNCATE`), which corrects
the clock. More than was sent is refused. If what the caller said over a reply was only a backchannel ("uh-huh"), the
rest of the reply follows from there as another item, of the same response or of a new one if that had ended.

"""

_TAIL = f"""
## Errors and closes

An event that is refused changes nothing, and is answered with an `error` event; `code` is the Realtime API's where it
has one, else one of VoxLoom's [error codes](errors.md). A missing or wrong key in the header is answered with HTTP 401
before the upgrade, an unknown agent with 404, a call that has ended with 410, too many calls or models that are not
loaded yet with 503; in the subprotocol, with an `error` event and a close code, since browsers cannot read the status.

A close by the client with 1000, or without a code, ends the call. After any other loss of the connection a token's
call can be resumed with the token for 30 s: the reply goes on where the caller was.

| close code | meaning |
|---|---|
| 1000 | the call has ended; the reason says how |
| 1009 | a message of more than {MAX_MESSAGE_BYTES:,} bytes |
| 1011 | an internal error |
| 1012 | the server restarts: connect again |
| 1013 | the server can take no more calls for now, its models are not loaded yet, or its database is away |
| 4400 | `model` is not valid |
| 4401 | the API key or token is missing, wrong or expired |
| {KEY_ENDED} | the API key was revoked or has expired, or the token is another server's |
| 4404 | no such agent or call |
| {IDLE.code} | nothing opened the call in time, or the client does not read |
| {SUPERSEDED.code} | another connection of the same token has taken the call over |
| 4410 | the session or the call has ended |
| 4429 | too many requests |
"""


def realtime_page() -> str:
    names = {each: ", ".join(f"`{name}`" for name in each.split(", ")) for each in SESSION}
    rows = "".join(f"| {names[each]} | {what} |\n" for each, what in SESSION.items())
    session = f"## session.update\n\n| member of `session` | what comes of it |\n|---|---|\n{rows}"
    head = _HEAD.format(customer=DEFAULT_CUSTOMER, language=DEFAULT_LANGUAGE, session=session)
    return (
        head
        + _table("Client events", "supported", CLIENT)
        + _table("Server events", "sent", SERVER)
        + _TAIL.removeprefix("\n")
    )


def _table(title: str, column: str, events: Mapping[str, tuple[str, str]]) -> str:
    rows = "".join(f"| `{name}` | {support} | {how} |\n" for name, (support, how) in events.items())
    return f"## {title}\n\n| event | {column} | how |\n|---|---|---|\n{rows}\n"

"""Allowlist of container formats and codecs, by FFmpeg's names, and the decoder for each codec."""

from __future__ import annotations

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream

from db.errors import AudioUnreadable

FORMATS = "wav,mp3,ogg,matroska,webm,flac,mov,mp4,m4a,3gp,3g2,mj2,aac,amr"

#: FFmpeg's names of decoders. Telephone exchanges record in GSM 6.10, ADPCM and G.722.
CODECS = (
    "aac,alac,amrnb,amrwb,flac,libopus,libvorbis,mp3,mp3float,opus,vorbis,pcm_alaw,pcm_mulaw,pcm_u8,pcm_s8,pcm_s16le,"
    "pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,"
    "gsm_ms,adpcm_ms,adpcm_ima_wav,g722,g726,libopencore_amrnb,libopencore_amrwb"
)
_ALLOWED = frozenset(CODECS.split(","))

#: Decoder and sample rate by codec. FFmpeg's own AMR decoders lack comfort noise, which telephones send in pauses.
_AMR = {"amrnb": ("libopencore_amrnb", 8_000), "amrwb": ("libopencore_amrwb", 16_000)}

CONTAINER_OPTIONS = {
    "format_whitelist": FORMATS,
    # Also keeps FFmpeg from decoding pictures while it probes the streams.
    "codec_whitelist": CODECS,
    # FFmpeg opens no file and no URL that the recording refers to.
    "protocol_whitelist": "none",
}


def decoder_of(stream: AudioStream) -> AudioCodecContext:
    """The decoder for a stream. Raises AudioUnreadable, with the codec's name, for a codec that is not allowed."""
    default: AudioCodecContext | None = getattr(stream, "codec_context", None)  # None: unknown to FFmpeg
    if default is None or default.name not in _ALLOWED:
        # The name comes from FFmpeg's table, not from the file.
        name = "unknown" if default is None else default.codec.canonical_name
        raise AudioUnreadable(
            f"The recording's codec ({name}) is not supported. Send PCM, G.711, GSM 6.10, ADPCM, G.722, AMR, MP3, AAC, "
            "FLAC, Opus or Vorbis."
        )
    if default.name not in _AMR:
        return default
    name, rate = _AMR[default.name]
    decoder = av.CodecContext.create(name, "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate = rate
    decoder.layout = "mono"
    return decoder

"""Metadata is stripped and wrong sizes are corrected before FFmpeg reads a recording; telephone codecs."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from db.audio.decoding import read_recording
from db.audio.strip_metadata import strip_metadata
from db.errors import AudioUnreadable
from tests.db.audio import bombs
from tests.db.encode import encode, with_data_size

RECORDINGS = Path(__file__).parent / "recordings"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bombs.id3_of_tags(30_000) + encode("mp3", "libmp3lame", rate=44_100), "audio/mpeg"),
        (bombs.id3_of_tags(30_000) + encode("adts", "aac", rate=44_100), "audio/aac"),
        (bombs.id3_of_tags(30_000) + encode("flac", "flac", rate=16_000), "audio/flac"),
        (bombs.flac_of_comments(30_000), "audio/flac"),
        (bombs.wav_of_chunks(500, size=32), "audio/wav"),
    ],
    ids=["mp3", "aac", "id3-flac", "flac", "wav"],
)
def test_metadata_is_stripped(data: bytes, kind: str) -> None:
    assert len(strip_metadata(data)) < 80_000
    decoded = read_recording(data, max_seconds=10)
    assert decoded.duration_ms == pytest.approx(2000, abs=130)
    assert decoded.mime_type == kind


@pytest.mark.parametrize(
    "data",
    [
        bombs.wav_of_chunks(200_000),
        (bombs.id3_of_tags(0)) * 200_000 + encode("mp3", "libmp3lame", rate=44_100),
        encode("flac", "flac", rate=16_000)[:4] + b"\x04\0\0\0" * 200_000,
    ],
    ids=["wav", "id3", "flac"],
)
def test_the_number_of_chunks_is_limited(data: bytes) -> None:
    with pytest.raises(ValueError, match="too many"):
        strip_metadata(data)
    with pytest.raises(AudioUnreadable):
        read_recording(data, max_seconds=10)


@pytest.mark.parametrize("more", [1, 44, 3_200])
def test_a_wav_may_declare_slightly_more_data_than_it_has(more: int) -> None:
    data = encode("wav", "pcm_s16le", rate=16_000)
    (size,) = struct.unpack_from("<I", data, data.index(b"data") + 4)
    assert read_recording(with_data_size(data, size + more), max_seconds=10).duration_ms == 2000


def test_a_wav_may_not_declare_much_more_data_than_it_has() -> None:
    data = encode("wav", "pcm_s16le", rate=16_000)
    (size,) = struct.unpack_from("<I", data, data.index(b"data") + 4)
    for wrong in (size + 8_000, size * 2):
        with pytest.raises(AudioUnreadable):
            read_recording(with_data_size(data, wrong), max_seconds=10)


def test_amr_with_comfort_noise_in_3gp_is_decoded() -> None:
    data = (RECORDINGS / "phone_amr_dtx.3gp").read_bytes()
    assert read_recording(data, max_seconds=10).duration_ms == 67_040 // 8


def test_an_amr_file_with_comfort_noise_is_decoded() -> None:
    import io

    import av

    with av.open(io.BytesIO((RECORDINGS / "phone_amr_dtx.3gp").read_bytes()), "r") as container:
        frames = b"".join(bytes(packet) for packet in container.demux(container.streams.audio[0]))
    decoded = read_recording(b"#!AMR\n" + frames, max_seconds=10)
    assert (decoded.duration_ms, decoded.mime_type) == (67_040 // 8, "audio/amr")


def test_gsm_of_a_telephone_exchange_is_decoded() -> None:
    decoded = read_recording((RECORDINGS / "pbx_gsm610.wav").read_bytes(), max_seconds=10)
    assert (decoded.duration_ms, decoded.source_sample_rate) == (8_400, 8_000)


def test_a_flac_of_hundreds_of_kilohertz_in_many_channels_is_refused() -> None:
    for rate, layout in ((655_350, "mono"), (192_000, "5.1")):
        with pytest.raises(AudioUnreadable, match="channels"):
            read_recording(encode("flac", "flac", rate=rate, layout=layout, seconds=2), max_seconds=1)

"""G.711 and the streams that convert a transport's audio."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from graph.voice import g711
from graph.voice.audio_format import AudioFormat, InputStream, OutputStream

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

_EVERY_CODE = bytes(range(256))
_EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)


def test_codes_are_decoded_as_the_standard_library_does() -> None:
    assert (g711.decode_ulaw(_EVERY_CODE) == np.frombuffer(audioop.ulaw2lin(_EVERY_CODE, 2), np.int16)).all()
    assert (g711.decode_alaw(_EVERY_CODE) == np.frombuffer(audioop.alaw2lin(_EVERY_CODE, 2), np.int16)).all()


def test_samples_are_encoded_to_a_code_at_most_half_a_step_away() -> None:
    for decode, encode, theirs in (
        (g711.decode_ulaw, g711.encode_ulaw, audioop.ulaw2lin(audioop.lin2ulaw(_EVERY_SAMPLE.tobytes(), 2), 2)),
        (g711.decode_alaw, g711.encode_alaw, audioop.alaw2lin(audioop.lin2alaw(_EVERY_SAMPLE.tobytes(), 2), 2)),
    ):
        error = np.abs(decode(encode(_EVERY_SAMPLE)).astype(int) - _EVERY_SAMPLE)
        reference = np.abs(np.frombuffer(theirs, np.int16).astype(int) - _EVERY_SAMPLE)
        assert error.max() <= reference.max()
        assert error.mean() <= reference.mean() * 1.001
    assert g711.encode_alaw(g711.decode_alaw(_EVERY_CODE)) == _EVERY_CODE


@pytest.mark.parametrize("source", list(AudioFormat))
def test_a_tone_comes_through_in_pieces_of_any_size(source: AudioFormat) -> None:
    seconds = np.arange(source.rate) / source.rate
    tone = (0.5 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32)
    output = OutputStream(source)
    data = b"".join(output.convert(tone[at : at + 333], source.rate) for at in range(0, tone.size, 333))
    data += output.flush()
    assert len(data) == source.rate * source.sample_bytes
    stream = InputStream(source, 16_000)
    step = 101 * source.sample_bytes
    heard = np.concatenate([stream.convert(data[at : at + step]) for at in range(0, len(data), step)])
    assert 16_000 - heard.size < 40, "the filter holds little back: the end of speech is waited for"
    spectrum = np.abs(np.fft.rfft(heard[1_600:14_400]))
    assert abs(spectrum.argmax() * 16_000 / 12_800 - 440) < 2
    assert abs(np.abs(heard[1_600:14_400]).max() - 0.5) < 0.03


def test_silence_full_scale_and_more_than_full_scale() -> None:
    loud = np.array([0, 1, -1, 3, -3], np.float32)
    assert np.frombuffer(OutputStream(AudioFormat.PCM).convert(loud, 24_000), "<i2").tolist() == [
        0,
        32_767,
        -32_767,
        32_767,
        -32_767,
    ]
    assert OutputStream(AudioFormat.ULAW).convert(np.zeros(2, np.float32), 8_000) == b"\xff\xff"
    assert InputStream(AudioFormat.PCM, 24_000).convert(b"").size == 0

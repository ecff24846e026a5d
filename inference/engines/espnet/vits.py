"""VITS generator for ESPnet with the text encoder and the residual blocks of the original VITS, for Piper voices.

ESPnet's own generator has a Conformer for a text encoder and doubled convolutions in its residual blocks. Voices of
the Piper family were trained as the paper says (Kim, Kong, Son 2021, "Conditional Variational Autoencoder with
Adversarial Learning for End-to-End Text-to-Speech"): a Transformer with windowed relative positions (Shaw, Uszkoreit,
Vaswani 2018, "Self-Attention with Relative Position Representations"; layer normalization after each sum) and
HiFi-GAN's light residual blocks (Kong, Kim, Bae 2020, "HiFi-GAN", type 2). The rest is ESPnet's, unchanged.

Import this module after ``imports.import_text2speech``.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from espnet2.gan_tts.hifigan import HiFiGANGenerator
from espnet2.gan_tts.vits import vits
from espnet2.gan_tts.vits.generator import VITSGenerator
from torch import Tensor, nn
from torch.nn import functional

from inference.engines.espnet.joe import GENERATOR_TYPE


def register() -> None:
    """Registers the generator with ESPnet's VITS."""
    vits.AVAILABLE_GENERATERS[GENERATOR_TYPE] = RelativeVITSGenerator


class RelativeAttention(nn.Module):
    """Self-attention that adds a learned vector for each distance of up to ``window`` positions."""

    def __init__(self, channels: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.width = channels // heads
        self.window = window
        self.query = nn.Conv1d(channels, channels, 1)
        self.key = nn.Conv1d(channels, channels, 1)
        self.value = nn.Conv1d(channels, channels, 1)
        self.output = nn.Conv1d(channels, channels, 1)
        self.relative_key = nn.Parameter(torch.randn(2 * window + 1, self.width) * self.width**-0.5)
        self.relative_value = nn.Parameter(torch.randn(2 * window + 1, self.width) * self.width**-0.5)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``x``: (batch, channels, time); ``mask``: (batch, 1, time), 1 for text. Returns the shape of ``x``."""
        batch, channels, time = x.shape

        def by_head(projected: Tensor) -> Tensor:
            return projected.view(batch, self.heads, self.width, time).transpose(2, 3)

        query = by_head(self.query(x)) / math.sqrt(self.width)
        key, value = by_head(self.key(x)), by_head(self.value(x))
        position = torch.arange(time, device=x.device)
        distance = position[None] - position[:, None]
        near = distance.abs() <= self.window
        index = (distance.clamp(-self.window, self.window) + self.window).expand(batch, self.heads, time, time)
        relative = (query @ self.relative_key.t()).gather(-1, index) * near
        scores = query @ key.transpose(2, 3) + relative
        both = mask.unsqueeze(2) * mask.unsqueeze(-1)
        weights = functional.softmax(scores.masked_fill(both == 0, -1e4), dim=-1)
        by_distance = weights.new_zeros(batch, self.heads, time, 2 * self.window + 1)
        by_distance = by_distance.scatter_add(-1, index, weights * near)
        attended = weights @ value + by_distance @ self.relative_value
        mixed: Tensor = self.output(attended.transpose(2, 3).reshape(batch, channels, time))
        return mixed


class ChannelNorm(nn.LayerNorm):
    """Layer normalization over the channels of (batch, channels, time)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class EncoderLayer(nn.Module):
    """Attention, then two convolutions; each with a residual connection and layer normalization."""

    def __init__(self, channels: int, *, hidden: int, heads: int, window: int, kernel: int) -> None:
        super().__init__()
        self.attention = RelativeAttention(channels, heads, window)
        self.attention_norm = ChannelNorm(channels)
        self.widen = nn.Conv1d(channels, hidden, kernel, padding=kernel // 2)
        self.narrow = nn.Conv1d(hidden, channels, kernel, padding=kernel // 2)
        self.feed_norm = ChannelNorm(channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.attention_norm(x + self.attention(x, mask))
        fed = self.narrow(torch.relu(self.widen(x * mask)) * mask) * mask
        normed: Tensor = self.feed_norm(x + fed)
        return normed


class RelativeTextEncoder(nn.Module):
    """Encodes symbols to the mean and log deviation of the prior; same interface as ESPnet's TextEncoder."""

    def __init__(
        self, vocabs: int, channels: int, *, hidden: int, heads: int, layers: int, kernel: int, window: int
    ) -> None:
        super().__init__()
        self.channels = channels
        self.emb = nn.Embedding(vocabs, channels)
        self.layers = nn.ModuleList(
            EncoderLayer(channels, hidden=hidden, heads=heads, window=window, kernel=kernel) for _ in range(layers)
        )
        self.proj = nn.Conv1d(channels, 2 * channels, 1)

    def forward(self, text: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``text``: (batch, time) ids. Returns hidden, mean and log deviation (batch, channels, time), and mask."""
        x = (self.emb(text) * math.sqrt(self.channels)).transpose(1, 2)
        inside = torch.arange(text.size(1), device=text.device)[None] < lengths[:, None]
        mask = inside.unsqueeze(1).to(x.dtype)
        x = x * mask
        for layer in self.layers:
            x = layer(x, mask)
        x = x * mask
        mean, log_deviation = (self.proj(x) * mask).chunk(2, dim=1)
        return x, mean, log_deviation, mask


class RelativeVITSGenerator(VITSGenerator):  # type: ignore[misc]  # ESPnet has no types
    """``relative_text_encoder``: arguments of RelativeTextEncoder; the others are ESPnet's."""

    def __init__(self, *, relative_text_encoder: dict[str, int], **params: Any) -> None:
        super().__init__(**params)
        self.text_encoder = RelativeTextEncoder(params["vocabs"], params["hidden_channels"], **relative_text_encoder)
        self.decoder = HiFiGANGenerator(
            in_channels=params["hidden_channels"],
            out_channels=1,
            channels=params["decoder_channels"],
            global_channels=params["global_channels"],
            kernel_size=7,
            upsample_scales=params["decoder_upsample_scales"],
            upsample_kernel_sizes=params["decoder_upsample_kernel_sizes"],
            resblock_kernel_sizes=params["decoder_resblock_kernel_sizes"],
            resblock_dilations=params["decoder_resblock_dilations"],
            use_additional_convs=False,
            use_weight_norm=params["use_weight_norm_in_decoder"],
        )

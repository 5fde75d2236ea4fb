"""Where the heads that tell the time of words shall look: at the very sound of the word."""

from __future__ import annotations

from typing import Any

import torch

from model import ALIGNMENT_HEADS


class Attention:
    """The alignment heads' attention to the encoder's output, computed once more beside the decoder, which hides it."""

    def __init__(self, decoder: Any) -> None:
        (layer,) = {layer for layer, _ in ALIGNMENT_HEADS}
        self._heads = [head for _, head in ALIGNMENT_HEADS]
        self._module = decoder.layers[layer].encoder_attn
        self._asked: torch.Tensor | None = None
        self._module.register_forward_pre_hook(self._keep)

    def _keep(self, _: Any, arguments: tuple[torch.Tensor, ...]) -> None:
        (self._asked,) = arguments[:1]

    def loss(self, hidden: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
        """Cross entropy between the attention and an even look at the steps in which a token is said.

        Args:
            hidden: the encoder's output that the decoder has just read, shape (windows, steps, width).
            said: shape (windows, tokens, 2): first step, and the one after the last; tokens without steps do not count.
        """
        asked, kept = self._asked, self._module
        assert asked is not None
        queries = self._split(kept.q_proj(asked)) * kept.scaling
        looks = torch.log_softmax((queries @ self._split(kept.k_proj(hidden)).transpose(2, 3)).float(), 3)
        steps = torch.arange(hidden.shape[1], device=hidden.device)
        first, after = (said[:, None, :, side, None] for side in (0, 1))
        inside = ((steps >= first) & (steps < after)).float()
        count = inside.sum(3)
        seen = -(looks * inside).sum(3) / count.clamp(min=1)
        return seen[(count > 0).expand_as(seen)].mean()

    def _split(self, values: torch.Tensor) -> torch.Tensor:
        """By heads: shape (windows, heads, length, width of a head)."""
        return values.unflatten(2, (-1, self._module.head_dim)).transpose(1, 2)[:, self._heads]

"""The decoder with which AudioMAE was published: its blocks attend within windows of four by four patches.

Every other block moves the windows by two patches in time, so that neighbours get to know each other. Attention is by
the cosine of queries and keys, and by where patches lie in their window, which a small network turns into a bias; norms
come after attention and after the inner layer, not before.

Sources: Huang et al., "Masked Autoencoders that Listen", 2022, section 3; Liu et al., "Swin Transformer V2", 2022.
"""

from __future__ import annotations

from functools import cache
from typing import Any

WINDOW = 4
SHIFT = 2
BIAS_WIDTH = 384
MIN_TEMPERATURE = 0.01


@cache
def decoder_class() -> Any:
    """The class of the decoder, which takes the place of transformers' `ViTMAEDecoder`; made when it is needed, since
    it needs torch."""
    import torch
    from torch import nn
    from transformers.models.vit_mae.modeling_vit_mae import ViTMAEDecoderOutput

    class Inner(nn.Module):  # type: ignore[misc]
        def __init__(self, size: int, inner: int, out: int, activation: Any) -> None:
            super().__init__()
            self.fc1, self.fc2, self.activation = nn.Linear(size, inner), nn.Linear(inner, out), activation

        def forward(self, values: Any) -> Any:
            return self.fc2(self.activation(self.fc1(values)))

    class WindowAttention(nn.Module):  # type: ignore[misc]
        """Over windows: (batch, windows, patches, d) to the same."""

        def __init__(self, size: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(size, size) for _ in range(4))
            self.tau = nn.Parameter(torch.ones(heads))
            self.meta_mlp = Inner(2, BIAS_WIDTH, heads, nn.functional.relu)

        def forward(self, windows: Any, apart: Any) -> Any:
            """`apart`, bool (windows, patches, patches), is true for patches that may not know each other."""

            def split(values: Any) -> Any:
                return values.unflatten(-1, (self.heads, -1)).transpose(-2, -3)

            queries, keys, values = (split(part(windows)) for part in (self.q_proj, self.k_proj, self.v_proj))
            cosines = nn.functional.normalize(queries, dim=-1) @ nn.functional.normalize(keys, dim=-1).transpose(-1, -2)
            temperature = self.tau.clamp(min=MIN_TEMPERATURE)[:, None, None]
            weights = cosines / temperature + self._bias(windows)
            weights = weights.masked_fill(apart[:, None], -100.0).softmax(-1)
            return self.o_proj((weights @ values).transpose(-2, -3).flatten(-2))

        def _bias(self, like: Any) -> Any:
            """By how far, in time and in frequency, one patch of a window lies from another: (heads, 16, 16)."""
            places = torch.cartesian_prod(*[torch.arange(WINDOW, device=like.device)] * 2)
            steps = (places[:, None] - places[None, :]).to(like.dtype)
            return self.meta_mlp(steps.sign() * steps.abs().log1p()).permute(2, 0, 1)

    class Block(nn.Module):  # type: ignore[misc]
        """Over a grid of patches: (batch, rows, columns, d) to the same."""

        def __init__(self, config: Any, shift: int) -> None:
            super().__init__()
            size, epsilon = config.decoder_hidden_size, config.layer_norm_eps
            self.shift = shift
            self.attention = WindowAttention(size, config.decoder_num_attention_heads)
            self.layernorm_before, self.layernorm_after = (nn.LayerNorm(size, eps=epsilon) for _ in range(2))
            self.mlp = Inner(size, config.decoder_intermediate_size, size, nn.functional.gelu)

        def forward(self, grid: Any) -> Any:
            grid = grid + self.layernorm_before(self._attended(grid))
            return grid + self.layernorm_after(self.mlp(grid))

        def _attended(self, grid: Any) -> Any:
            rows, columns = grid.shape[1:3]
            windows = _windows(grid.roll(-self.shift, 1))
            # What the roll has brought from the beginning to the end is no neighbour of what was there.
            moved = (torch.arange(rows, device=grid.device) >= rows - self.shift)[:, None].expand(rows, columns)
            moved = _windows(moved[None, ..., None])[0, ..., 0]
            windows = self.attention(windows, moved[:, :, None] != moved[:, None, :])
            return _grid(windows, rows, columns).roll(self.shift, 1)

    class WindowedDecoder(nn.Module):  # type: ignore[misc]
        def __init__(self, config: Any) -> None:
            super().__init__()
            size, patch = config.decoder_hidden_size, config.patch_size
            self.rows, self.columns = (edge // patch for edge in config.image_size)
            self.decoder_embed = nn.Linear(config.hidden_size, size)
            self.mask_token = nn.Parameter(torch.zeros(1, 1, size))
            self.decoder_pos_embed = nn.Parameter(
                torch.zeros(1, self.rows * self.columns + 1, size), requires_grad=False
            )
            self.decoder_layers = nn.ModuleList(
                Block(config, SHIFT * (index % 2)) for index in range(config.decoder_num_hidden_layers)
            )
            self.decoder_norm = nn.LayerNorm(size, eps=config.layer_norm_eps)
            self.decoder_pred = nn.Linear(size, patch**2 * config.num_channels)

        def forward(self, hidden_states: Any, ids_restore: Any, interpolate_pos_encoding: bool = False) -> Any:
            """Takes the encoder's states of what it saw, (batch, 1 + seen, d), gives all patches."""
            seen = self.decoder_embed(hidden_states)[:, 1:]  # without the token for the whole: it is in no window
            unseen = self.mask_token.expand(len(seen), ids_restore.shape[1] - seen.shape[1], -1)
            index = ids_restore[..., None].expand(-1, -1, seen.shape[-1])
            patches = torch.cat([seen, unseen], dim=1).gather(1, index) + self.decoder_pos_embed[:, 1:]
            grid = patches.unflatten(1, (self.rows, self.columns))
            for block in self.decoder_layers:
                grid = block(grid)
            return ViTMAEDecoderOutput(logits=self.decoder_pred(self.decoder_norm(grid.flatten(1, 2))))

    return WindowedDecoder


def _windows(grid: Any) -> Any:
    """(batch, rows, columns, d) to (batch, windows, 16, d)."""
    cut = grid.unflatten(2, (-1, WINDOW)).unflatten(1, (-1, WINDOW))
    return cut.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def _grid(windows: Any, rows: int, columns: int) -> Any:
    """Back again."""
    cut = windows.unflatten(2, (WINDOW, WINDOW)).unflatten(1, (rows // WINDOW, columns // WINDOW))
    return cut.transpose(2, 3).flatten(3, 4).flatten(1, 2)

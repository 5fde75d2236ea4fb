"""The network of AudioMAE: transformers' ViT-MAE over a spectrogram, which is a picture that is not square.

ViT-MAE of transformers takes any picture but lays out its positions, and cuts pictures into patches, for square ones
only; these two are what differs here. Where `config.decoder_windows` is set, it has AudioMAE's own decoder.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.engines.audio_mae_decoder import decoder_class

if TYPE_CHECKING:
    from earwitness.types import FloatArray


def positions(rows: int, columns: int, size: int) -> FloatArray:
    """Sines and cosines that tell patches apart by where they are: float32 (1 + rows * columns, size), row by row.

    The first row, zeros, is for the token that stands for the whole. Of the numbers of a patch the first half tells
    its column, the second its row; a quarter each are sines and cosines, at frequencies from 1 down to 1/10000.

    Args:
        size: a multiple of 4.

    >>> positions(2, 3, 4)[4].round(2)  # the first patch of the second row
    array([0.  , 1.  , 0.84, 0.54], dtype=float32)
    """
    frequencies = 10_000.0 ** -(np.arange(size // 4) / (size // 4))
    row, column = np.divmod(np.arange(rows * columns), columns)
    angles = [np.outer(place, frequencies) for place in (column, row)]
    patches = np.concatenate([turned(angle) for angle in angles for turned in (np.sin, np.cos)], axis=1)
    return np.concatenate([np.zeros((1, size)), patches]).astype(np.float32)


@cache
def network_class() -> Any:
    """The class of the network, a `ViTMAEForPreTraining`; made when it is needed, since it needs torch."""
    import torch
    from transformers import initialization
    from transformers.models.vit_mae import modeling_vit_mae as vit_mae

    def lay_out(target: Any, config: Any) -> None:
        (height, width), patch = config.image_size, config.patch_size
        layout = positions(height // patch, width // patch, target.shape[-1])
        initialization.copy_(target, torch.from_numpy(layout)[None])

    class Rectangular(vit_mae.ViTMAEPreTrainedModel):  # type: ignore[misc]
        @torch.no_grad()  # type: ignore[untyped-decorator]
        def _init_weights(self, module: Any) -> None:
            if isinstance(module, vit_mae.ViTMAEEmbeddings):
                lay_out(module.position_embeddings, self.config)
                initialization.xavier_uniform_(module.patch_embeddings.projection.weight.flatten(1))
                initialization.normal_(module.cls_token, std=self.config.initializer_range)
            elif isinstance(module, (Decoder, decoder_class())):
                lay_out(module.decoder_pos_embed, self.config)
                initialization.normal_(module.mask_token, std=self.config.initializer_range)
            else:
                super()._init_weights(module)

    class Encoder(Rectangular, vit_mae.ViTMAEModel):  # type: ignore[misc]
        pass

    class Decoder(vit_mae.ViTMAEDecoder):  # type: ignore[misc]
        def initialize_weights(self, num_patches: int) -> None:
            """Left to the network, which knows the shape of the picture."""

    # Called as its parent, by whose name transformers knows what checkpoints of earlier versions called their tensors.
    class ViTMAEForPreTraining(Rectangular, vit_mae.ViTMAEForPreTraining):  # type: ignore[misc]
        def __init__(self, config: Any) -> None:
            vit_mae.ViTMAEPreTrainedModel.__init__(self, config)
            self.vit = Encoder(config)
            if getattr(config, "decoder_windows", False):
                self.decoder = decoder_class()(config)
            else:
                self.decoder = Decoder(config, num_patches=self.vit.embeddings.patch_embeddings.num_patches)
            self.post_init()

        def patchify(self, pixel_values: Any, interpolate_pos_encoding: bool = False) -> Any:
            return super().patchify(pixel_values, interpolate_pos_encoding=True)  # which asks for no square

    return ViTMAEForPreTraining

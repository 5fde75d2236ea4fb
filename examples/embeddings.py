r"""Where does an episode sound like its beginning? Points of a learnt encoder, compared by angle.

    python embeddings.py [hubert | wav2vec2 | whisper-encoder | audiomae | FOLDER | HUB-ID]

Without a model it makes a tiny one with random weights, whose numbers mean nothing.

Needs: torch, transformers
Prints:
    .*: \d+ windows of 4 s, each a point of \d+ numbers
    most like the beginning: (\d+ s -?\d\.\d+(, )?){5}
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from earwitness import engines
from earwitness.options import PretrainedOptions
from earwitness.toolkit.embeddings import embed

EPISODE = Path(__file__).parent / "episode.flac"


def tiny_model(folder: str) -> str:
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    print("the model is a tiny one with random weights: its numbers mean nothing")
    config = Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, conv_dim=(16,) * 7
    )
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
    return folder


with tempfile.TemporaryDirectory() as folder:
    model = sys.argv[1] if len(sys.argv) > 1 else tiny_model(folder)
    embedder = engines.sound_embedder(model, PretrainedOptions())
    found = embed(EPISODE, embedder, window_s=4.0)

print(f"{EPISODE.name}: {len(found.vectors)} windows of 4 s, each a point of {found.vectors.shape[1]} numbers")
directions = found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
likeness = directions @ directions[0]
most = [index for index in np.argsort(-likeness) if index > 0][:5]
print("most like the beginning:", ", ".join(f"{found.starts[index]:.0f} s {likeness[index]:.3f}" for index in most))

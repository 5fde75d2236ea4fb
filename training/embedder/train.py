"""Trains the built-in voice network: src/earwitness/engines/data/voice_trunk.onnx and voice_points.npz.

    pip install torch==2.13.0 onnx
    pip install --no-deps resemblyzer==0.1.4 && pip install librosa webrtcvad 'setuptools<81'
    python training/embedder/train.py FOLDER [--hold-out 20] [--seed 0] [--output FOLDER] [--work FOLDER]

FOLDER is that of `training/voices.py`, whose readers and held-out readers these are. Every reader becomes seven voices,
heard clean and over three bad channels (`hearing.py`, `listening.py`); two networks learn to tell these voices apart,
every piece of them spoiled anew (`network.py`, `learning.py`, `spoiling.py`); a third learns from a teacher
(`teaching.py`); linear discriminants take the first two networks' embeddings and the statistics of
`earwitness.engines.mfcc_lda` together, and the third's come beside (`points.py`). On two cores that do nothing else
this should take some five hours, more than half of them the third's; `--work` keeps the frames and the checkpoints,
from which a run that broke off goes on. With the same seed the sound is the same; weights differ in their last digits
between machines.

The weights that ship were made with `--hold-out 20` (12 of the 180 readers say too little and taught nothing); the two
networks were trained side by side, each from its own checkpoint, with the steps, seeds and settings of `RECIPES`. The
third was taught by a draft of `teaching.py`, in stages: 8,400 steps with half of each reader's lessons, 9,400 more
with twice the noise, and 28,600 with all lessons, from the last pupil each time. What is left unexplained of what the
teacher says, on readers it had not heard, fell from 52 to 48 % (on its own from 40 to 35 %) by the last of these: more
lessons of the same readers still help. `teaching.py` has the settings of the last stage, and somewhat fewer steps; the
pupil was joined to the others as they were. Since then this script was run from end to end with a handful of steps
only.

Equal error rates of what came of it are in docs/benchmarks.md.

Readers are what is short: either network has come to know the voices it learnt from and is little better on others for
learning longer. Settings were chosen by such figures, from a handful of choices, on 140 readers with 60 held out.
"""

from __future__ import annotations

import math
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import onnx.numpy_helper
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from learning import LONGEST_FRAMES, RECIPES, statistics, trained
from listening import all_heard
from network import INPUTS, Trunks
from points import points_of
from teaching import all_lessons, taught
from voices import arguments, held_out, readers

from earwitness.engines.voice_net import POINTS, SHIPPED, TRUNK

LARGE = 1000
"""Weights; fewer are kept as they are."""


def export(trunk: Trunks, path: Path) -> None:
    torch.onnx.export(
        trunk,
        (torch.zeros(1, INPUTS, 200),),
        str(path),
        input_names=["frames"],
        output_names=["values", "gate"],
        dynamic_axes={"frames": {2: "t"}, "values": {2: "u"}, "gate": {2: "u"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(path)
    halve(model.graph)
    onnx.save(model, path)


def halve(graph: onnx.GraphProto) -> None:
    """Keeps the weights in half the digits; they are brought back to all of them when the file is read."""
    weights = [w for w in graph.initializer if w.data_type == onnx.TensorProto.FLOAT and math.prod(w.dims) > LARGE]
    for weight in weights:
        name, half = weight.name, onnx.numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}_half"))
        graph.node.insert(0, onnx.helper.make_node("Cast", [weight.name], [name], to=onnx.TensorProto.FLOAT))


def main() -> None:
    parser = arguments(__doc__, SHIPPED)
    parser.add_argument("--work", type=Path, default=Path("voice-training"))
    given = parser.parse_args()

    torch.set_num_threads(1)
    known = readers(given.folder)
    names = sorted(set(known) - held_out(known, given.hold_out, given.seed))
    heard = dict(zip(names, all_heard(given.folder, names, given.seed, given.work / "frames", 2), strict=True))
    # Somebody who says less than the longest piece teaches nothing.
    by_reader = {name: sounds for name, sounds in heard.items() if min(map(len, sounds)) >= LONGEST_FRAMES}
    sounds = [sound for of in by_reader.values() for sound in of]
    print(f"{len(by_reader)} readers, {len(sounds)} sounds", flush=True)
    networks = [trained(sounds, recipe, given.seed, given.work / f"{recipe.name}.pt") for recipe in RECIPES]
    lessons = all_lessons(given.folder, list(by_reader), given.seed, given.work / "lessons", 2)
    of_lessons = statistics(lesson.frames.astype(np.float32) for lesson in lessons[::7])
    pupil = taught(lessons, of_lessons, given.seed, given.work / "pupil.pt")
    given.output.mkdir(parents=True, exist_ok=True)
    points = asdict(points_of(networks, sounds, pupil, lessons))
    export(Trunks([network.trunk for network in (*networks, pupil)]), given.output / TRUNK)
    np.savez_compressed(given.output / POINTS, **points, readers=np.array(list(by_reader)))
    print(f"{len(by_reader)} readers -> {given.output}")


if __name__ == "__main__":
    main()

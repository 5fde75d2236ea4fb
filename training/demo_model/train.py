"""Makes the demo Whisper from nothing: synthetic speech, a tokenizer, a network, and two folders that engines read.

    pip install '.[tts]' torch==2.13.0 transformers
    python training/demo_model/train.py --output FOLDER

FOLDER/hf is for transformers (float16), FOLDER/ct2 for CTranslate2 (int8). A GPU is used where there is one. A run
that broke off goes on with `--start FOLDER/checkpoint.pt` and the same `--sentences`, to the same weights on a CPU as
if it had not; weights of before learn more with `--start FOLDER/hf --first-phase N`, with their own tokenizer.

From random weights the loss of the text alone stays on a plateau for thousands of steps. So the encoder first learns to
hear which phoneme sounds when, as espeak-ng tells it, and only then does the decoder learn to write.

What was measured: with 4,000 sentences, of the steps of 20 ms that are no pauses the encoder names 12 % right after 50
steps of learning, 39 % after 100, 62 % after 200, 73 % after 300 and 82 % after 500 (spoiled windows of the sentences
it learns from), in six minutes of processor time. All phases together see 132 million frames of mel; what they take in
one go, and how good the model is then, has not been measured, nor has a GPU been tried.

The weights that ship came from earlier states of this recipe, in pieces: the phonemes and the first short windows from
a prototype; phases 3 to 5 on 40,000 sentences without `PHRASES` and with more word salad, and by the clock (the steps
here are what they came to); phases 6 and 7 on 24,000; phase 8 and 875 steps of phase 9 on 48,000, with music. Until
then nothing taught the attention, no sentence was from `TALK`, and there was no racket. Then came phase 8 once more,
and phase 9 on 48,000 sentences of the grammar and 20,000 of talk.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import model as network
import tokens
from batches import Batches
from corpus import corpus, hours
from phases import PHASES
from phonemes import Phonemes

CHECKPOINT = "checkpoint.pt"


def options() -> argparse.Namespace:
    numbered = ", ".join(f"{number} {phase.name}" for number, phase in enumerate(PHASES, 1))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for hf, ct2 and what is needed to go on")
    parser.add_argument("--sentences", type=int, default=40_000, help="to learn from (default: 40000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first weights and of the windows")
    parser.add_argument("--start", type=Path, help="checkpoint.pt of a run that broke off, or an hf folder")
    parser.add_argument("--first-phase", type=int, default=1, help=f"with an hf folder: {numbered}")
    chosen = parser.parse_args()
    if chosen.start and not chosen.start.exists():
        parser.error(f"--start {chosen.start}: there is no such file; give OUTPUT/checkpoint.pt or OUTPUT/hf of a run")
    if not chosen.start and (chosen.output / CHECKPOINT).exists():
        again = f"go on with --start {chosen.output / CHECKPOINT}, or give another folder"
        parser.error(f"--output {chosen.output} has the checkpoint of another run; {again}")
    if not 1 <= chosen.first_phase <= len(PHASES):
        parser.error(f"--first-phase {chosen.first_phase}: there are {numbered}")
    if chosen.sentences < 1:
        parser.error(f"--sentences must be 1 or more, not {chosen.sentences}")
    return chosen


def main() -> None:
    chosen = options()
    chosen.output.mkdir(parents=True, exist_ok=True)
    sentences = corpus(chosen.output, chosen.sentences)
    print(f"{len(sentences)} sentences, {hours(sentences):.1f} h", flush=True)

    import torch

    from export import export
    from learner import Learner

    torch.manual_seed(chosen.seed)
    model, tokenizer = begun(chosen.start)
    tokenizer.save(str(chosen.output / "tokenizer.json"))
    phonemes = Phonemes(sentences)
    learner = Learner(model, len(phonemes.names), chosen.seed)
    learner.done = (chosen.first_phase - 1, 0)
    if chosen.start and chosen.start.is_file():
        learner.load(chosen.start)
    learner.learn(Batches(sentences, phonemes, tokenizer), PHASES, chosen.output / CHECKPOINT)
    export(learner.model, tokenizer, chosen.output)


def begun(start: Path | None) -> tuple[Any, Any]:
    """A model and its tokenizer: new ones, those of an hf folder, or those that a checkpoint needs."""
    if start is None:
        tokenizer = tokens.made()
        return network.made(tokenizer), tokenizer
    from tokenizers import Tokenizer
    from transformers import WhisperForConditionalGeneration

    if start.is_file():
        tokenizer = Tokenizer.from_file(str(start.with_name("tokenizer.json")))
        return network.made(tokenizer), tokenizer
    model = WhisperForConditionalGeneration.from_pretrained(start)
    model.generation_config.alignment_heads = network.ALIGNMENT_HEADS
    return model, Tokenizer.from_file(str(start / "tokenizer.json"))


if __name__ == "__main__":
    main()

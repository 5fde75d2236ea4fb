"""Trains the demo Whisper on synthetic speech and writes it as a Hugging Face and a CTranslate2 folder.

    pip install '.[tts]' torch==2.13.0 transformers
    python training/demo_model/train.py --start FOLDER --output FOLDER

`--start` names a checkpoint in Hugging Face layout whose encoder already hears phonemes. (From random weights
the attention loss alone stays on a plateau for thousands of steps.) One to two hours on two CPU cores.

The weights that ship were made so, but not in one go: the first three phases on 40,000 sentences without `PHRASES`
and with more word salad, and by the clock (the steps below are what they came to); the last two (`--first-phase 4`)
on 24,000 sentences as the grammar makes them now. A new run will come close to them, not equal them.

Every sentence is stored as a log-mel spectrogram; windows are composed of sentences, pauses and noise in the
mel domain, short ones first, then Whisper's full 30 s.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import pickle
import shutil
import time
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from earwitness.evaluation.synth.sentences import sentence
from earwitness.evaluation.synth.sound import music
from speech import SAMPLE_RATE, VOICES, say

FRAMES_PER_SECOND = 100
WINDOW_FRAMES = 3000
FLOOR = -10.0  # log10 of the smallest power Whisper's front end lets through
MAX_TOKENS = 446
MUSIC_PIECES = 6
# name, steps, windows a step, frames a window, learning rate from, to
PHASES = (
    ("6 s", 900, 32, 600, 1e-3, 5e-4),
    ("15 s", 450, 16, 1500, 6e-4, 3e-4),
    ("30 s", 450, 10, WINDOW_FRAMES, 4e-4, 1e-5),
    ("15 s again", 170, 16, 1500, 5e-4, 1e-5),
    ("30 s again", 320, 10, WINDOW_FRAMES, 3e-4, 1e-6),
    ("15 s at last", 400, 16, 1500, 6e-4, 4e-4),
    ("30 s at last", 1800, 10, WINDOW_FRAMES, 4e-4, 1e-6),
)
WARM_UP_STEPS = 50
REPORT_STEPS = 25


def log_power(samples: np.ndarray) -> np.ndarray:
    """Log10 of the power in Whisper's mel bands, before its scaling: shape (80, frames), float16."""
    import torch
    from faster_whisper.feature_extractor import FeatureExtractor

    filters = torch.from_numpy(FeatureExtractor().mel_filters).float()
    spectrum = torch.stft(
        torch.from_numpy(np.ascontiguousarray(samples)), 400, 160, window=torch.hann_window(400), return_complex=True
    )
    mel: np.ndarray = torch.log10(torch.clamp(filters @ (spectrum[:, :-1].abs() ** 2), min=1e-10)).half().numpy()
    return mel


def speak_many(job: tuple[int, int]) -> list[tuple[str, int, np.ndarray, list[tuple[int, int]]]]:
    """(text, voice, log10 mel power (80, frames) float16, [(character, frame)] of word starts) a sentence."""
    import torch

    torch.set_num_threads(1)
    seed, count = job
    r, spoken = Random(seed), []
    for _ in range(count):
        text, voice = sentence(r), r.randrange(len(VOICES))
        samples, words = say(text, VOICES[voice], r.randint(140, 195), r.randint(30, 70), r.randint(35, 65))
        if len(samples) < SAMPLE_RATE // 8:
            continue
        spoken.append(
            (text, voice, log_power(samples), [(w.offset, round(w.start * FRAMES_PER_SECOND)) for w in words])
        )
    return spoken


def corpus(path: Path, sentences: int) -> list[Any]:
    if not path.exists():
        jobs = [(1000 + index, 250) for index in range(sentences // 250)]
        with multiprocessing.get_context("spawn").Pool() as pool:
            spoken = [item for chunk in pool.imap_unordered(speak_many, jobs) for item in chunk]
        path.write_bytes(pickle.dumps(spoken, protocol=4))
    spoken = pickle.loads(path.read_bytes())
    hours = sum(item[2].shape[1] for item in spoken) / FRAMES_PER_SECOND / 3600
    print(f"{len(spoken)} sentences, {hours:.1f} h", flush=True)
    return spoken


class Windows:
    """Composes training windows: log-mel input and Whisper token targets."""

    def __init__(self, spoken: list[Any], tokenizer: Any, seed: int) -> None:
        self.r, self.noise = Random(seed), np.random.default_rng(seed)
        self.spoken, self.tokenizer = spoken, tokenizer
        self.music = [log_power(music(np.random.default_rng([seed, piece]))) for piece in range(MUSIC_PIECES)]
        self.by_voice: dict[int, list[int]] = defaultdict(list)
        for index, item in enumerate(spoken):
            self.by_voice[item[1]].append(index)
        token = tokenizer.token_to_id
        self.start, self.end = token("<|startoftranscript|>"), token("<|endoftext|>")
        self.no_timestamps, self.previous = token("<|notimestamps|>"), token("<|startofprev|>")
        self.no_speech, self.time_zero = token("<|nospeech|>"), token("<|0.00|>")

    def utterance(self, index: int) -> tuple[list[int], np.ndarray]:
        """A sentence, or now and then a part of one: real windows are cut in pauses, not at full stops."""
        text, _, mel, words = self.spoken[index]
        if len(words) > 4 and self.r.random() < 0.2:
            cut = self.r.randint(1, len(words) - 2)
            character, frame = words[cut]
            text, mel = (
                (text[character:], mel[:, frame:])
                if self.r.random() < 0.5
                else (text[:character].rstrip(), mel[:, :frame])
            )
        return self.tokenizer.encode(" " + text).ids, mel

    def compose(self, frames: int, fill: float) -> tuple[np.ndarray, list[tuple[int, int, list[int]]]]:
        r = self.r
        mel = np.full((80, frames), FLOOR, np.float32)
        segments: list[tuple[int, int, list[int]]] = []
        at = r.choice([0, 0, r.randint(5, 40), r.randint(0, min(150, frames // 6))])
        voices = r.sample(list(self.by_voice), r.choice([1, 1, 2, 3]))
        while at < frames * fill:
            ids, part = self.utterance(r.choice(self.by_voice[r.choice(voices)]))
            length = part.shape[1]
            if at + length > frames * fill:
                break
            mel[:, at : at + length] = np.maximum(mel[:, at : at + length], part)
            segments.append((at, at + length, ids))
            pauses = [r.randint(2, 20), r.randint(10, 60), r.randint(20, 150), r.randint(100, 1200)]
            at += length + r.choices(pauses, (10, 10, 10, 1))[0]
        return self.degrade(mel, min(at, frames)), segments

    def degrade(self, mel: np.ndarray, speech_end: int) -> np.ndarray:
        """Loudness, tilted noise, silence after the end; then Whisper's own scaling."""
        r, frames = self.r, mel.shape[1]
        mel = mel + r.uniform(-1.6, 0.4)
        if r.random() < 0.7:
            tilt = np.linspace(r.uniform(-0.6, 0.6), r.uniform(-0.6, 0.6), 80)[:, None]
            grain = np.log10(self.noise.gamma(4, 0.25, mel.shape).astype(np.float32) + 1e-6)
            noise = r.uniform(-9.5, -3.2) + tilt + grain
            noise[:, frames if r.random() < 0.6 else min(frames, speech_end + r.randint(0, 100)) :] = FLOOR
            mel = np.log10(10**mel + 10**noise)
        if r.random() < 0.3:
            bed = r.choice(self.music).astype(np.float32)
            begin = r.randrange(bed.shape[1])
            level = max(mel.max(), r.uniform(-3, 0)) - bed.max() - r.uniform(0.5, 3)
            mel = np.log10(10**mel + 10 ** (np.take(bed, range(begin, begin + frames), 1, mode="wrap") + level))
        mel = np.maximum(mel, FLOOR)
        mel = np.maximum(mel, mel.max() - 8)
        return ((mel + 4) / 4).astype(np.float32)

    def target(self, segments: list[tuple[int, int, list[int]]]) -> tuple[list[int], int]:
        """Tokens and how many of them (the prompt) carry no loss."""
        r, ids = self.r, [self.start]
        if r.random() < 0.5:
            for start, end, text in segments:
                ids += [self.time_zero + round(start / 2), *text, self.time_zero + min(1500, round(end / 2))]
        else:
            ids += [self.no_timestamps, *(token for _, _, text in segments for token in text)]
        if r.random() < 0.2:
            prompt = [t for _ in range(r.randint(1, 2)) for t in self.utterance(r.randrange(len(self.spoken)))[0]]
            return [self.previous, *prompt, *ids, self.end], len(prompt) + 1
        return [*ids, self.end], 0

    def batch(self, count: int, frames: int) -> tuple[Any, Any, Any]:
        import torch

        inputs, targets = [], []
        for _ in range(count):
            if self.r.random() < 0.04:
                inputs.append(self.compose(frames, 0.0)[0])
                targets.append(([self.start, self.no_speech, self.end], 0))
                continue
            segments: list[Any] = []
            while not segments:
                mel, segments = self.compose(frames, self.r.choice([1.0, 1.0, self.r.uniform(0.3, 1)]))
            inputs.append(mel)
            targets.append(self.target(segments))
        length = min(max(len(ids) for ids, _ in targets), MAX_TOKENS)
        tokens = torch.full((count, length), self.end)
        labels = torch.full((count, length - 1), -100)
        for row, (ids, silent) in enumerate(targets):
            ids = ids[:length]
            tokens[row, : len(ids)] = torch.tensor(ids)
            stop = 2 if ids[1] == self.no_speech else len(ids)
            labels[row, silent : stop - 1] = torch.tensor(ids[silent + 1 : stop])
        return torch.from_numpy(np.stack(inputs)), tokens[:, :-1], labels


def encode(encoder: Any, mel: Any) -> Any:
    """Whisper's encoder on windows shorter than 30 s, which transformers refuses."""
    from torch.nn.functional import gelu

    hidden = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).permute(0, 2, 1)
    hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
    for layer in encoder.layers:
        out = layer(hidden, None)
        hidden = out[0] if isinstance(out, tuple) else out
    return encoder.layer_norm(hidden)


def train(model: Any, windows: Windows, phases: tuple[Any, ...], checkpoint: Path) -> None:
    import torch
    from torch.nn.functional import cross_entropy

    optimizer = torch.optim.AdamW(
        (p for p in model.parameters() if p.requires_grad), betas=(0.9, 0.98), weight_decay=0.01
    )
    for name, steps, count, frames, first, last in phases:
        began, total = time.monotonic(), 0.0
        for step in range(1, steps + 1):
            falling = last + (first - last) * 0.5 * (1 + math.cos(math.pi * step / steps))
            rate = min(1.0, step / WARM_UP_STEPS) * falling
            for group in optimizer.param_groups:
                group["lr"] = rate
            mel, tokens, labels = windows.batch(count, frames)
            with torch.autocast("cpu", torch.bfloat16):
                hidden = encode(model.model.encoder, mel)
                decoded = model.model.decoder(input_ids=tokens, encoder_hidden_states=hidden, use_cache=False)
                logits = model.proj_out(decoded.last_hidden_state)
            loss = cross_entropy(logits.float().flatten(0, 1), labels.flatten(), ignore_index=-100)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
            if step % REPORT_STEPS == 0:
                seconds = time.monotonic() - began
                print(f"{name}: step {step}, {seconds:.0f} s, loss {total / REPORT_STEPS:.3f}", flush=True)
                total = 0.0
                torch.save(model.state_dict(), checkpoint)


def export(model: Any, start: Path, output: Path) -> None:
    """Hugging Face and CTranslate2 folders; tokenizer and front end are those of `start`."""
    from ctranslate2.converters import TransformersConverter
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    hub, fast = output / "hf", output / "ct2"
    model.half().save_pretrained(hub)
    for name in ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "generation_config.json"):
        shutil.copy(start / name, hub / name)

    class Converter(TransformersConverter):
        def load_tokenizer(self, *_: Any, **__: Any) -> Any:
            return PreTrainedTokenizerFast(
                tokenizer_object=Tokenizer.from_file(str(start / "tokenizer.json")), unk_token="<|endoftext|>"
            )

    copied = ["tokenizer.json", "preprocessor_config.json"]
    Converter(str(hub), copy_files=copied).convert(str(fast), quantization="int8", force=True)
    print(json.dumps({folder.name: sum(f.stat().st_size for f in folder.iterdir()) for folder in (hub, fast)}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=40_000)
    parser.add_argument("--first-phase", type=int, default=1, help="begin with this phase, to go on from a checkpoint")
    options = parser.parse_args()

    import torch
    from tokenizers import Tokenizer
    from transformers import WhisperForConditionalGeneration

    torch.manual_seed(0)
    options.output.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(options.start / "tokenizer.json"))
    windows = Windows(corpus(options.output / "corpus.pickle", options.sentences), tokenizer, seed=0)
    model = WhisperForConditionalGeneration.from_pretrained(options.start).float().train()
    train(model, windows, PHASES[options.first_phase - 1 :], options.output / "checkpoint.pt")
    export(model, options.start, options.output)


if __name__ == "__main__":
    main()

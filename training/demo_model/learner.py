"""How the network learns: step by step through the phases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from attention import Attention
from batches import NO_LABEL, Batch, Batches
from model import WIDTH, encode
from phases import Phase
from progress import Progress

REPORT_STEPS = 25
PAUSE_WEIGHT = 0.2
"""Pauses are much of what is heard, and easy."""
LOOKING = 0.05
"""What the loss of the attention counts."""


class Learner:
    """A model, what it learns with, and how far it has come: `done` has whole phases, and steps of the next one."""

    def __init__(self, model: Any, phonemes: int, seed: int) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = model.float().train().to(self.device)
        self.attention = Attention(self.model.model.decoder)
        self.ear = torch.nn.Linear(WIDTH, phonemes).to(self.device)  # thrown away in the end
        self.weights = torch.ones(phonemes, device=self.device)
        self.weights[0] = PAUSE_WEIGHT
        learned = [p for p in (*model.parameters(), *self.ear.parameters()) if p.requires_grad]
        self.optimizer = torch.optim.AdamW(learned, betas=(0.9, 0.98), weight_decay=0.01)
        self.seed, self.done = seed, (0, 0)

    def save(self, path: Path) -> None:
        partial = path.with_suffix(".partial")
        parts = {name: getattr(self, name).state_dict() for name in ("model", "ear", "optimizer")}
        torch.save({**parts, "seed": self.seed, "done": self.done}, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        saved = torch.load(path, map_location=self.device)
        for name in ("model", "ear", "optimizer"):
            getattr(self, name).load_state_dict(saved[name])
        self.seed, self.done = saved["seed"], saved["done"]

    def learn(self, batches: Batches, phases: Sequence[Phase], checkpoint: Path) -> None:
        """All that is left of the phases, with a line and a checkpoint every 25 steps."""
        progress = Progress(phases, self.done)
        for number in range(self.done[0], len(phases)):
            phase, first = phases[number], self.done[1] + 1
            for step, batch in self._batches(batches, number, phase, first):
                progress.add(phase, self._step(phase, step, batch))
                if step % REPORT_STEPS == 0 or step == phase.steps:
                    self.done = (number, step) if step < phase.steps else (number + 1, 0)
                    progress.report(phase, step)
                    self.save(checkpoint)

    def _batches(self, batches: Batches, number: int, phase: Phase, first: int) -> Iterator[tuple[int, Batch]]:
        """The batches of the steps from `first` on, each made while the one before it is learned from."""

        def make(step: int) -> Batch:
            return batches.batch(phase.windows, phase.frames, (self.seed, number, step))

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(make, first)
            for step in range(first, phase.steps + 1):
                batch = waiting.result()
                waiting = pool.submit(make, step + 1)  # the one after the last is made in vain
                yield step, batch

    def _step(self, phase: Phase, step: int, batch: Batch) -> dict[str, float]:
        """One step, and how well it went."""
        for group in self.optimizer.param_groups:
            group["lr"] = phase.rate(step)
        mel, phonemes, tokens, labels, said = (
            torch.from_numpy(getattr(batch, field.name)).to(self.device) for field in fields(batch)
        )
        loss, went = torch.zeros((), device=self.device), {}
        with torch.autocast(self.device.type, torch.bfloat16):
            hidden = encode(self.model.model.encoder, mel)
            if phase.hearing:
                heard, right = self.ear(hidden).flatten(0, 1), phonemes.flatten()
                loss = loss + phase.hearing * cross_entropy(heard.float(), right, self.weights)
                went["phonemes right"] = (heard.argmax(1) == right)[right > 0].float().mean().item()
            if phase.writing:
                decoder = self.model.model.decoder
                decoded = decoder(input_ids=tokens, encoder_hidden_states=hidden, use_cache=False).last_hidden_state
                written = self.model.proj_out(decoded).float().flatten(0, 1)
                text = cross_entropy(written, labels.flatten(), ignore_index=NO_LABEL)
                looking = self.attention.loss(hidden, said)
                loss = loss + text + LOOKING * looking
                went |= {"loss of text": text.item(), "of attention": looking.item()}
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return went

"""Summaries by an encoder-decoder on torch: BART, T5, PEGASUS, LED and their kind, as transformers loads them.

Such a model was trained to put a text in short and can do nothing else: it follows no instructions and cites nothing.
What its sentences rest on is found afterwards.

Sources: Lewis et al., "BART", 2019; Raffel et al., "Exploring the Limits of Transfer Learning with a Unified
Text-to-Text Transformer", 2020.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from threading import RLock
from typing import Any

from earwitness.cores import cores
from earwitness.engines import hub, on_torch
from earwitness.engines.base import Line, Task, Written
from earwitness.engines.conversion import silent
from earwitness.errors import ModelError, reason
from earwitness.files import fingerprint
from earwitness.options import ModelOptions, SummaryOptions

NAME = "seq2seq"
DEFAULT_MODEL = "facebook/bart-large-cnn"
"""For English; others are named as seq2seq:MODEL."""
BATCH_SIZE = 8
CPU_BATCH_SIZE = 2
"""A CPU is hardly faster with more, and beams multiply the memory."""
SENTENCE_TOKENS = 45
"""Room for a sentence; newspapers' are some 25 long."""
READ_AT_ONCE_TOKENS = 512
"""Where a model does not say what it can read: what T5 was trained on."""
_NO_LIMIT_TOKENS = 1_000_000
_LEAST_SHARE = 0.25
"""Some models are told to write at least so many tokens; of a short text they would have to invent them."""

# Where models say how much they can read. T5's positions are relative: it says what it was trained on.
_LIMITS = ("max_encoder_position_embeddings", "max_position_embeddings", "n_positions")
_ROOMS = ("max_decoder_position_embeddings", "max_position_embeddings")
_END = re.compile(r"[.!?…。！？।؟](?=[^.!?…。！？।؟]*\Z)")


class Seq2Seq:
    """A summarizing model: a folder, a hub id, or a hub id at a revision."""

    name = NAME
    notice = None

    def __init__(self, model: str, options: SummaryOptions, settings: ModelOptions) -> None:
        """Takes note of the options; the model is loaded when it first reads something.

        Raises:
            ExtraError: torch or transformers are not installed.
        """
        self.versions: Mapping[str, str] = on_torch.installed(f"--summarizer {NAME}", "--summarizer extractive")
        self.model = model or DEFAULT_MODEL
        self._settings = settings
        self._alone = RLock()  # threads share it: what is loaded is loaded once, and a tokenizer counts for one only

    def identity(self) -> str:
        """The weights, the packages and the arithmetic."""
        packages = " ".join(f"{name} {number}" for name, number in self.versions.items())
        with self._alone:
            return f"{self.name}:{packages}:{fingerprint(self._folder)}:{self._compute_type}"

    @cached_property
    def budget(self) -> int:
        with self._alone:
            return self._limit - self._count(self._prefix, whole=True)

    def size(self, line: Line) -> int:
        # One more: a line's tokens may be cut otherwise beside another line.
        return self._count(_shown(line)) + 1

    def write(self, tasks: Sequence[Task]) -> Iterator[tuple[int, tuple[Written, ...] | None]]:
        texts = [self._prefix + "\n".join(map(_shown, task.lines)) for task in tasks]
        lengths = [self._count(text, whole=True) for text in texts]
        fitting = []
        for place, length in enumerate(lengths):
            if length > self._limit:
                yield place, None
            else:
                fitting.append(place)
        # Of one length, for less padding; and of one size of answer, so that nobody else's task changes it.
        fitting.sort(key=lambda place: (tasks[place].sentences, lengths[place]))
        for sentences, alike in groupby(fitting, key=lambda place: tasks[place].sentences):
            for batch in _batches(list(alike), CPU_BATCH_SIZE if self._device == "cpu" else BATCH_SIZE):
                with self._alone:
                    written = self._generate([texts[place] for place in batch], sentences)
                for place, text in zip(batch, written, strict=True):
                    yield place, (Written(text),) if text else ()

    def _count(self, text: str, *, whole: bool = False) -> int:
        """The tokens of a text; of a whole one with those at its ends. Without the warning that it may be too long."""
        with self._alone:
            return len(self._tokenizer(text, add_special_tokens=whole, verbose=False)["input_ids"])

    def _generate(self, texts: Sequence[str], sentences: int) -> list[str]:
        """A summary of each text, without a last sentence that has no end."""
        import torch

        model = self._network
        inputs = self._tokenizer(list(texts), return_tensors="pt", padding=True).to(self._device)
        inputs.pop("token_type_ids", None)  # which some tokenizers add for other models
        shortest = int(inputs["attention_mask"].sum(1).min())
        settings = copy.deepcopy(model.generation_config)
        settings.do_sample = False
        settings.max_new_tokens = min(sentences * SENTENCE_TOKENS, self._room - 1)
        settings.min_length = int(min(settings.min_length or 0, _LEAST_SHARE * shortest))
        try:
            with torch.inference_mode(), silent():
                rows = model.generate(**inputs, generation_config=settings)
        except Exception as error:  # torch and transformers share no kind of error
            raise ModelError(
                f"{self.model}: it cannot be run on {self._device} ({reason(error)}); try --device cpu, or another "
                "model"
            ) from error
        # Where there is no more room, some models are made to write an end all the same.
        ended = (rows[:, 1 : settings.max_new_tokens] == self._tokenizer.eos_token_id).any(1).tolist()
        written = self._tokenizer.batch_decode(rows, skip_special_tokens=True)
        return [_tidy(text, whole) for text, whole in zip(written, ended, strict=True)]

    @cached_property
    def _folder(self) -> Path:
        return hub.find_summarizer(self.model, offline=self._settings.offline)

    @cached_property
    def _device(self) -> str:
        return on_torch.device(self._settings)

    @property
    def _compute_type(self) -> str:
        return on_torch.compute_type(self._settings, self._device)

    @cached_property
    def _network(self) -> Any:
        import torch
        from transformers import AutoModelForSeq2SeqLM

        torch.set_num_threads(self._settings.threads or cores())
        try:
            with silent():
                # The type is given here and not set afterwards: T5 keeps some weights in full precision.
                model, found = AutoModelForSeq2SeqLM.from_pretrained(
                    self._folder,
                    local_files_only=True,
                    output_loading_info=True,
                    dtype=getattr(torch, self._compute_type),
                )
            if missing := found["missing_keys"]:  # which would be random numbers
                raise ModelError(f"{len(missing)} tensors are missing")
            return model.to(self._device).eval()
        except Exception as error:  # torch, safetensors, pickle and transformers share no kind of error
            raise ModelError(
                f"{self.model}: cannot be loaded on {self._device} as {self._compute_type} ({reason(error)}); "
                "try --device cpu, download the model again, or give another encoder-decoder"
            ) from error

    @cached_property
    def _config(self) -> Any:
        """By itself, for what was written before is read without the network."""
        from transformers import AutoConfig

        try:
            with silent():
                return AutoConfig.from_pretrained(self._folder, local_files_only=True)
        except Exception as error:  # as above
            raise ModelError(
                f"{self.model}: cannot be loaded, it has no config.json that transformers knows ({reason(error)}); "
                "download the model again, or give another encoder-decoder"
            ) from error

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        try:
            with silent():
                return AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
        except Exception as error:  # as above
            raise ModelError(
                f"{self.model}: its tokenizer cannot be loaded ({reason(error)}); download the model again"
            ) from error

    @property
    def _prefix(self) -> str:
        """What the model wants to read before a text that it is to put in short."""
        tasks = getattr(self._config, "task_specific_params", None) or {}
        return str(tasks.get("summarization", {}).get("prefix") or "")

    @cached_property
    def _limit(self) -> int:
        """Tokens that the model can read at once, all told."""
        told = [*self._told(_LIMITS), self._tokenizer.model_max_length]
        return min((int(limit) for limit in told if limit < _NO_LIMIT_TOKENS), default=READ_AT_ONCE_TOKENS)

    @property
    def _room(self) -> int:
        """Tokens that the model can write."""
        return min(self._told(_ROOMS), default=_NO_LIMIT_TOKENS)

    def _told(self, names: Sequence[str]) -> list[int]:
        found = (getattr(self._config, name, None) for name in names)
        return [number for number in found if number]


def _batches(places: Sequence[int], size: int) -> list[Sequence[int]]:
    return [places[first : first + size] for first in range(0, len(places), size)]


def _shown(line: Line) -> str:
    return f"{line.speaker}: {line.text}" if line.speaker else line.text


def _tidy(text: str, whole: bool) -> str:
    """On one line; of a text that broke off, the sentences that have an end, if any has.

    >>> _tidy("The bridge is<n>old. It was bui", whole=False)
    'The bridge is old.'
    """
    text = " ".join(text.replace("<n>", " ").split())  # PEGASUS writes its line breaks so
    end = None if whole else _END.search(text)
    return text[: end.end()] if end else text

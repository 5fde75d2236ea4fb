"""Whisper on torch, by way of Hugging Face transformers: any checkpoint in that format, on CPUs and CUDA.

Mel spectrograms and decoding are the package's own (`WhisperFeatureExtractor`, `generate`). One more pass of the
decoder, over all tokens of a window at once, then gives what `generate` does not: the probability of each token, that
of silence, and what the alignment heads looked at.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.cores import cores
from earwitness.engines import hub, on_torch
from earwitness.engines.alignment import first_frames
from earwitness.engines.base import Recognized
from earwitness.engines.conversion import fast_tokenizer, silent
from earwitness.engines.encodings import Encodings
from earwitness.engines.on_torch import COMPUTE_TYPES
from earwitness.engines.whisper import (
    ENGLISH,
    MAX_TOKENS,
    MEL_HOP_SAMPLES,
    SAMPLED_HYPOTHESES,
    WINDOW_FRAMES,
    WINDOW_SAMPLES,
    Whisper,
    compression_ratio,
    prompt_of,
    tokenizer_for,
    words_of,
)
from earwitness.engines.whisper_forms import TRANSFORMERS
from earwitness.errors import ModelError, OptionError, reason
from earwitness.options import ModelOptions, WordOptions
from earwitness.types import Word
from earwitness.units import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from earwitness.types import FloatArray

MULTILINGUAL_TOKENS = 51865
"""Whisper's smallest multilingual vocabulary; CTranslate2 tells them apart by it, too."""
SEED = 0
"""Sampling starts from here in every window, so that a recording says the same every time."""


class Transformers(Whisper):
    """A Whisper in transformers' format: a size, a folder or a hub id."""

    name = "transformers"

    def __init__(self, options: ModelOptions) -> None:
        """Takes note of the options; the model is loaded when it first hears something.

        Raises:
            ExtraError: torch or transformers are not installed.
            OptionError: a compute type that is another engine's.
        """
        if options.compute_type not in ("auto", *COMPUTE_TYPES):
            raise OptionError(
                f"--compute-type {options.compute_type}: transformers computes in {', '.join(COMPUTE_TYPES)}; "
                "give one of these, or --engine faster-whisper"
            )
        self.versions: Mapping[str, str] = on_torch.installed("--engine transformers", "--engine faster-whisper")
        self._options = options
        self._encodings = Encodings()
        self._alone = Lock()

    @cached_property
    def model(self) -> str:
        if self._options.model != hub.AUTO:
            return self._options.model
        kind = "cuda" if self._device.startswith("cuda") else "cpu"
        return hub.choose(kind, form=TRANSFORMERS, offline=self._options.offline)

    def identity(self) -> str:
        """The weights, the packages and the arithmetic."""
        packages = " ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.name}:{packages}:{self._fingerprint}:{self._compute_type}"

    @cached_property
    def _folder(self) -> Path:
        return hub.find(self.model, form=TRANSFORMERS, offline=self._options.offline)

    @cached_property
    def _device(self) -> str:
        return on_torch.device(self._options)

    @property
    def _compute_type(self) -> str:
        return on_torch.compute_type(self._options, self._device)

    @cached_property
    def _whisper(self) -> Any:
        import torch
        from transformers import WhisperForConditionalGeneration

        torch.set_num_threads(self._options.threads or cores())
        try:
            with silent():
                model, found = WhisperForConditionalGeneration.from_pretrained(
                    self._folder, local_files_only=True, output_loading_info=True
                )
            if missing := found["missing_keys"]:  # which would be random numbers
                raise ModelError(f"{len(missing)} tensors are missing")
            return model.to(self._device, getattr(torch, self._compute_type)).eval()
        except Exception as error:  # torch, safetensors, pickle and transformers share no kind of error
            raise ModelError(
                f"{self.model}: cannot be loaded on {self._device} as {self._compute_type} ({reason(error)}); "
                "try --device cpu --compute-type float32, or download the model again"
            ) from error

    @cached_property
    def _extractor(self) -> Any:
        from transformers import WhisperFeatureExtractor

        return WhisperFeatureExtractor(feature_size=self._whisper.config.num_mel_bins)

    @cached_property
    def _pieces(self) -> Any:
        """The `tokenizers.Tokenizer`; made of vocabulary and merges where the checkpoint has none ready."""
        from tokenizers import Tokenizer

        if (self._folder / "tokenizer.json").is_file():
            return Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        return fast_tokenizer(self._folder)

    @property
    def _multilingual(self) -> bool:
        with self._alone:  # loaded once, whichever thread asks first
            return int(self._whisper.config.vocab_size) >= MULTILINGUAL_TOKENS

    @property
    def _heads(self) -> list[tuple[int, int]]:
        """Layer and head of those that follow the sound; all of the upper half where the checkpoint names none."""
        named = getattr(self._whisper.generation_config, "alignment_heads", None)
        config = self._whisper.config
        upper = range(config.decoder_layers // 2, config.decoder_layers)
        return (
            [(int(layer), int(head)) for layer, head in named]
            if named
            else [(layer, head) for layer in upper for head in range(config.decoder_attention_heads)]
        )

    def languages(self, windows: Sequence[FloatArray]) -> list[Mapping[str, float]]:
        """One step of the decoder."""
        if not self._multilingual:
            return [ENGLISH] * len(windows)
        import torch

        start, after = (self._pieces.token_to_id(name) for name in ("<|startoftranscript|>", "<|translate|>"))
        with self._alone, torch.inference_mode():
            encoded = self._encoded(windows)
            asked = torch.full((len(encoded), 1), start, device=encoded.device)
            scores = self._whisper(encoder_outputs=(encoded,), decoder_input_ids=asked).logits[:, 0]
        names = [self._pieces.id_to_token(token).strip("<|>") for token in range(start + 1, after)]
        return [dict(zip(names, row, strict=True)) for row in scores[:, start + 1 : after].float().softmax(-1).tolist()]

    def recognize(
        self, windows: Sequence[FloatArray], options: WordOptions, *, temperature: float = 0.0
    ) -> list[Recognized]:
        if not windows:
            return []
        import torch

        tokenizer = tokenizer_for(self._pieces, self.model, options, multilingual=self._multilingual)
        frames = [max(1, min(len(window) // MEL_HOP_SAMPLES, WINDOW_FRAMES) // 2) for window in windows]
        try:
            with self._alone, torch.inference_mode():
                encoded = self._encoded(windows)
                prompt = prompt_of(tokenizer, options)
                said = self._generate(encoded, prompt, options, temperature)
                return [
                    self._result(tokenizer, encoded[index : index + 1], prompt, hypotheses, frames[index])
                    for index, hypotheses in enumerate(said)
                ]
        except RuntimeError as error:
            raise ModelError(
                f"{self.model}: recognition failed ({reason(error)}); try a smaller --batch-size"
            ) from error

    def token_ids(self, text: str) -> Sequence[int]:
        return tuple(self._pieces.encode(text, add_special_tokens=False).ids)

    def _encoded(self, windows: Sequence[FloatArray]) -> Any:
        """What the encoder makes of the windows, or made of them before: shape (windows, 1500, d)."""
        import torch

        known = [self._encodings.get(window) for window in windows]
        new = [window for window, encoded in zip(windows, known, strict=True) if encoded is None]
        fresh = iter(self._encode(new) if new else ())
        rows = [next(fresh) if encoded is None else encoded for encoded in known]
        encoded = torch.stack(rows)
        for window, row in zip(windows, encoded, strict=True):
            self._encodings.keep(window, row.clone())  # a row alone would hold on to its whole batch
        return encoded

    def _encode(self, windows: Sequence[FloatArray]) -> Any:
        mel = self._extractor(
            [np.asarray(window[:WINDOW_SAMPLES], np.float32) for window in windows],
            sampling_rate=SAMPLE_RATE_HZ,
            return_tensors="pt",
        ).input_features
        return self._whisper.model.encoder(mel.to(self._device, self._whisper.dtype)).last_hidden_state

    def _generate(
        self, encoded: Any, prompt: list[int], options: WordOptions, temperature: float
    ) -> list[list[list[int]]]:
        """What each window says, in several ways where it is sampled: tokens without the prompt, the end with them."""
        if temperature > 0 and len(encoded) > 1:  # alone, so that chance is the same in any batch
            return [self._generate(one[None], prompt, options, temperature)[0] for one in encoded]
        import torch
        from transformers import GenerationConfig, GenerationMixin
        from transformers.modeling_outputs import BaseModelOutput

        ways = SAMPLED_HYPOTHESES if temperature > 0 else 1
        own, end = self._whisper.generation_config, self._pieces.token_to_id("<|endoftext|>")
        config = GenerationConfig(
            max_length=MAX_TOKENS - 1,  # `_align` adds the end of text where it was not reached
            num_beams=1 if temperature > 0 else options.beam_size,
            **({"do_sample": True, "temperature": temperature, "top_k": 0} if temperature > 0 else {}),
            suppress_tokens=own.suppress_tokens,
            begin_suppress_tokens=own.begin_suppress_tokens,
            eos_token_id=end,
            pad_token_id=end,
            decoder_start_token_id=self._pieces.token_to_id("<|startoftranscript|>"),
        )
        with silent(), torch.random.fork_rng([encoded.device] if encoded.is_cuda else []):
            torch.manual_seed(SEED)
            # The model's own `generate` is for recordings of any length: it wants timestamps, detects the language by
            # itself and begins again where it meets a stray time. Windows need what lies below it.
            rows = GenerationMixin.generate(
                self._whisper,
                encoder_outputs=BaseModelOutput(encoded.repeat_interleave(ways, 0)),
                decoder_input_ids=torch.tensor([prompt] * (len(encoded) * ways), device=encoded.device),
                generation_config=config,
            )
        said = [_until(row[len(prompt) :], end) for row in rows.tolist()]
        return [said[begin : begin + ways] for begin in range(0, len(said), ways)]

    def _result(
        self, tokenizer: Any, encoded: Any, prompt: list[int], hypotheses: list[list[int]], frames: int
    ) -> Recognized:
        """The likeliest of what a window may have said."""
        scored = [self._score(tokenizer, encoded, prompt, said) for said in hypotheses]
        (avg_logprob, no_speech_prob), said = max(zip(scored, hypotheses, strict=True), key=lambda pair: pair[0][0])
        text = [token for token in said if token < tokenizer.eot]
        return Recognized(
            words=self._align(tokenizer, encoded, text, frames) if text else (),
            avg_logprob=avg_logprob,
            no_speech_prob=no_speech_prob,
            compression_ratio=compression_ratio(tokenizer.decode(text)),
            language=tokenizer.language_code,
        )

    def _score(self, tokenizer: Any, encoded: Any, prompt: list[int], said: list[int]) -> tuple[float, float]:
        """The mean log probability of the tokens, end of text included, and the probability of no speech."""
        logits, _ = self._read(encoded, [*prompt, *said])
        no_speech = logits[prompt.index(tokenizer.sot)].softmax(-1)[tokenizer.no_speech]
        scores, own = logits[len(prompt) - 1 : -1], self._whisper.generation_config
        scores[:, own.suppress_tokens or []] = -np.inf
        scores[0, own.begin_suppress_tokens or []] = -np.inf
        logprobs = scores.log_softmax(-1)[range(len(said)), said]
        return float(logprobs.mean()), float(no_speech)

    def _align(self, tokenizer: Any, encoded: Any, text: list[int], frames: int) -> tuple[Word, ...]:
        """Words with their times; the prompt is left out, as in openai-whisper, for it belongs to no sound."""
        start = tokenizer.sot_sequence
        tokens = [*start, tokenizer.no_timestamps, *text, tokenizer.eot]
        logits, weights = self._read(encoded, tokens, self._heads, frames)
        # The row of each token's predecessor looks for it; the last finds where the text ends.
        first = first_frames(weights[:, :-1], len(start))
        chances = logits[len(start) : -2, : tokenizer.eot].softmax(-1)[range(len(text)), text]
        return words_of(
            tokenizer, text, SimpleNamespace(alignments=list(enumerate(first)), text_token_probs=chances.tolist())
        )

    def _read(
        self, encoded: Any, tokens: list[int], heads: Sequence[tuple[int, int]] = (), frames: int = 0
    ) -> tuple[Any, FloatArray]:
        """One pass of the decoder over the tokens of one window.

        Returns:
            Logits (tokens, vocabulary) in float32, and where in the first `frames` the heads look for each token,
            (heads, tokens, frames).
        """
        import torch

        decoder = self._whisper.model.decoder
        queries: dict[int, Any] = {}
        keys: dict[int, Any] = {}
        with ExitStack() as hooks:
            # Asked of the projections and not of `output_attentions`: that would keep every head of every layer, which
            # is gigabytes in large models, and rule out the faster kernels.
            for layer in {layer for layer, _ in heads}:
                attention = decoder.layers[layer].encoder_attn
                for projection, kept in ((attention.q_proj, queries), (attention.k_proj, keys)):
                    hooks.callback(projection.register_forward_hook(_keeping(kept, layer)).remove)
            asked = torch.tensor([tokens], device=encoded.device)
            hidden = decoder(input_ids=asked, encoder_hidden_states=encoded, use_cache=False).last_hidden_state[0]
        size = self._whisper.config.d_model // self._whisper.config.decoder_attention_heads
        weights = []
        for layer, head in heads:
            part = slice(head * size, (head + 1) * size)
            scores = queries[layer][:, part].float() @ keys[layer][:frames, part].float().T
            weights.append((scores * size**-0.5).softmax(-1).cpu().numpy())
        return self._whisper.proj_out(hidden).float(), np.array(weights)


def _keeping(kept: dict[int, Any], layer: int) -> Callable[[Any, Any, Any], None]:
    """A hook that keeps what a projection makes of the first of its batch."""

    def keep(_module: Any, _inputs: Any, output: Any) -> None:
        kept[layer] = output[0]

    return keep


def _until(tokens: list[int], end: int) -> list[int]:
    """Tokens up to the end of text, with it; all of them where the end was not reached."""
    return tokens[: tokens.index(end) + 1] if end in tokens else tokens

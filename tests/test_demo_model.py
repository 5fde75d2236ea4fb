"""The recipe of the demo Whisper: windows, targets and phonemes are where and what the sound says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import numpy as np
import pytest
from tokenizers import Tokenizer

import tokens
from batches import NO_LABEL, Batches
from corpus import Sentence
from earwitness.engines.hub import demo_folder
from mel import BANDS, FLOOR, log_power
from phases import PHASES, WINDOW_FRAMES, Phase
from phonemes import Phonemes, plain
from progress import Progress
from targets import Targets
from windows import Segment, Window, Windows

TEXTS = ("alpha beta gamma delta epsilon zeta", "one two three", "red green blue white black brown grey")


def sentence(number: int) -> Sentence:
    """One whose mel tells which it is and which of its frames each is; words of 31 frames, each with two phonemes."""
    words = TEXTS[number].split()
    starts = [31 * k for k in range(len(words))]
    frames = 31 * len(words)
    mel = np.tile(-np.arange(frames) / 1000 - number, (BANDS, 1)).astype(np.float32)
    characters = [TEXTS[number].index(word) for word in words]
    phonemes = tuple(("b" if k % 2 else "a", round(15.5 * k)) for k in range(2 * len(words)))
    return Sentence(TEXTS[number], number % 2, mel, tuple(zip(characters, starts, strict=True)), phonemes)


SENTENCES = [sentence(number) for number in range(len(TEXTS))]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return tokens.made()


def composed(count: int) -> list[Window]:
    r, windows = Random(5), Windows(SENTENCES, Phonemes(SENTENCES))
    return [windows.compose(r, 900, 1.0) for _ in range(count)]


def test_a_segment_has_the_sound_and_the_phonemes_of_its_words_and_no_more() -> None:
    phonemes, parts = Phonemes(SENTENCES), 0
    for window in composed(200):
        said = np.zeros(900, bool)
        for segment in window.segments:
            said[segment.start : segment.end] = True
            code = -float(window.mel[0, segment.start])
            number, first = int(code + 1e-4), round(code % 1 * 1000) if code % 1 < 0.999 else 0
            source, last = SENTENCES[number], first + segment.end - segment.start
            np.testing.assert_array_equal(window.mel[:, segment.start : segment.end], source.mel[:, first:last])
            np.testing.assert_array_equal(window.phonemes[segment.start : segment.end], phonemes.of(source)[first:last])
            words = [
                word for word, (_, at) in zip(source.text.split(), source.words, strict=True) if first <= at < last
            ]
            assert segment.text.split() == words
            parts += len(words) < len(source.words)
        assert (window.mel[:, ~said] == FLOOR).all()
        assert (window.phonemes[~said] == 0).all()
        ends = [segment.end for segment in window.segments]
        assert all(after.start >= end + 2 for end, after in zip(ends, window.segments[1:], strict=False))
        assert window.end >= max(ends, default=0)
    assert parts > 20


def test_a_window_to_be_filled_by_nothing_is_silent() -> None:
    window = Windows(SENTENCES, Phonemes(SENTENCES)).compose(Random(1), 600, 0.0)
    assert window.segments == ()
    assert (window.mel == FLOOR).all()


def test_targets_are_in_the_order_of_whisper(tokenizer: Tokenizer) -> None:
    window = window_of(Segment(0, 123, "I saw the bridge."), Segment(150, 3000, "It was old."))
    targets, seen = Targets(tokenizer), set()
    for seed in range(20):
        target = targets.of(window, ["We were here."], Random(seed))
        text = tokenizer.decode(target.tokens, skip_special_tokens=False)
        before, _, rest = text.partition("<|startoftranscript|>")
        assert before == "<|startofprev|> We were here."
        assert tokenizer.decode(target.tokens[: target.given], skip_special_tokens=False) == before
        seen.add(rest)
    assert seen == {
        "<|0.00|> I saw the bridge.<|1.24|><|1.50|> It was old.<|30.00|><|endoftext|>",
        "<|notimestamps|> I saw the bridge. It was old.<|endoftext|>",
    }
    silent = targets.of(window_of(), ["We were here."], Random(0))
    marks = ["<|startoftranscript|>", "<|nospeech|>", "<|endoftext|>"]
    assert [tokenizer.id_to_token(one) for one in silent.tokens] == marks
    assert silent.given == 0


def window_of(*segments: Segment) -> Window:
    phonemes = np.zeros(3000, np.int64)
    for segment in segments:
        phonemes[segment.start : segment.end] = 1
    return Window(np.full((BANDS, 3000), FLOOR, np.float32), phonemes, segments, 3000)


def test_a_target_tells_when_each_piece_is_said(tokenizer: Tokenizer) -> None:
    words = ((0, 100), (2, 110), (6, 160), (10, 180))
    window = window_of(Segment(100, 280, "I saw the bridge.", words), Segment(400, 500, "Old.", ((0, 400),)))
    window.phonemes[150:160] = 0  # a pause after "saw"
    for seed in range(9):
        target = Targets(tokenizer).of(window, [], Random(seed))
        heard: list[tuple[str, int, int]] = []
        for token, (first, after) in zip(target.tokens, target.said, strict=True):
            text = tokenizer.decode([token], skip_special_tokens=False)
            if text.isalnum():  # the word goes on, without a gap
                before, start, end = heard[-1]
                assert end == first
                heard[-1] = (before + text, start, after)
            elif first < after:
                heard.append((text, first, after))
        assert heard == [
            (" I", 50, 55), (" saw", 55, 75), (" the", 80, 90), (" bridge", 90, 140), (".", 140, 200),
            (" Old", 200, 250), (".", 250, 253), ("<|endoftext|>", 250, 253),
        ]  # fmt: skip


def test_sounds_that_nobody_says_get_no_text() -> None:
    bark = np.full((BANDS, 20), 3.0, np.float32)
    windows, found = Windows(SENTENCES, Phonemes(SENTENCES), [bark]), 0
    for seed in range(50):
        alone = windows.compose(Random(seed), 600, 0.5, spoken=False)
        assert alone.segments == ()
        assert set(np.unique(alone.mel)) == {FLOOR, 3.0}
        assert alone.end <= 600
        beside = windows.compose(Random(seed), 900, 1.0)
        barks = np.flatnonzero((beside.mel == 3.0).all(0))
        assert not any(segment.start <= at < segment.end for segment in beside.segments for at in barks)
        assert not beside.phonemes[barks].any()
        found += len(barks) // 20
    assert 3 < found < 50


def test_the_tokenizer_is_laid_out_as_the_one_that_ships(tokenizer: Tokenizer) -> None:
    made, ships = (json.loads(text) for text in (tokenizer.to_str(), (demo_folder() / "tokenizer.json").read_text()))
    assert {**made, "model": None} == {**ships, "model": None}
    assert len(made["model"]["vocab"]) == len(ships["model"]["vocab"]) == tokens.PIECES
    assert tokenizer.get_vocab_size() == tokens.PIECES + len(tokens.SPECIAL) + len(tokens.TIMES) == 2410
    assert tokenizer.to_str() == tokens.made().to_str()
    assert tokenizer.decode(tokenizer.encode(" Ärger, naïve 😀!").ids) == " Ärger, naïve 😀!"


def test_labels_are_the_next_tokens_and_what_is_given_has_none(tokenizer: Tokenizer) -> None:
    batch = Batches(SENTENCES, Phonemes(SENTENCES), tokenizer).batch(64, 600, (0, 1, 2))
    assert batch.mel.shape == (64, BANDS, 600)
    assert batch.mel.dtype == np.float32
    assert batch.phonemes.shape == (64, 300)
    assert batch.tokens.shape == batch.labels.shape
    learned = batch.labels[:, :-1] != NO_LABEL
    assert (batch.labels[:, :-1] == batch.tokens[:, 1:])[learned].all()
    start, silent, end = (
        tokenizer.token_to_id(f"<|{name}|>") for name in ("startoftranscript", "nospeech", "endoftext")
    )
    for ids, labels in zip(batch.tokens, batch.labels, strict=True):
        first = int(np.flatnonzero(ids == start)[0])
        assert (labels[:first] == NO_LABEL).all()
        assert labels[first] != NO_LABEL
        assert list(labels[labels != NO_LABEL][-1:]) == ([silent] if silent in labels else [end])
    given = int((batch.tokens[:, 0] != start).sum())
    assert 3 <= given <= 25
    assert int((batch.labels == silent).any(axis=1).sum()) >= 1


def test_a_batch_is_that_of_its_seed_whatever_came_before(tokenizer: Tokenizer) -> None:
    """So a run that broke off goes on as it would have gone."""
    fresh, used = (Batches(SENTENCES, Phonemes(SENTENCES), tokenizer) for _ in range(2))
    used.batch(3, 700, (0, 0, 1))
    for name in ("mel", "phonemes", "tokens", "labels"):
        one, other = (getattr(batches.batch(4, 600, (0, 0, 2)), name) for batches in (fresh, used))
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(fresh.batch(4, 600, (1, 0, 2)).mel, fresh.batch(4, 600, (0, 0, 2)).mel)


def test_phonemes_line_up_with_the_sound() -> None:
    pytest.importorskip("espeakng_loader", reason="speech needs the extra tts")
    from corpus import made

    spoken = made("She sees, he says, some season is safe, so sit still.", 0, Random(3))
    phonemes = Phonemes([spoken])
    numbers, mel = phonemes.of(spoken), spoken.mel.astype(np.float32)
    high = mel[60:].max(0) - mel[:30].max(0)  # hissing is above 3.7 kHz, voices below 1.2 kHz
    hissing, voiced = (np.isin(numbers, [phonemes.names.index(one) for one in some]) for some in ("sS", ("i", "oU")))
    loud, quiet = mel.max(0), numbers == 0
    assert (high[voiced] < 0).mean() > 0.9
    assert (loud[quiet] < np.median(loud[voiced]) - 3).mean() > 0.9
    agreement = {shift: (high[np.roll(hissing, shift)] > 0).mean() for shift in range(-8, 9)}
    assert agreement[0] > 0.75
    assert abs(max(agreement, key=agreement.__getitem__)) <= 1


def test_a_run_that_broke_off_goes_on_to_the_same_weights(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch", reason="learning needs torch; pip install 'earwitness[models]'")
    pytest.importorskip("transformers", reason="learning needs transformers; pip install 'earwitness[models]'")
    import learner
    import model

    monkeypatch.setattr(learner, "REPORT_STEPS", 2)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)  # what GPUs compute is not the same each time
    phases = (
        Phase("phonemes", 3, 2, 200, 1e-3, 1e-4, hearing=1.0, writing=False),
        Phase("both", 4, 2, 200, 1e-3, 1e-4, hearing=0.3),
    )
    phonemes = Phonemes(SENTENCES)
    batches = Batches(SENTENCES, phonemes, tokenizer)

    def begun() -> learner.Learner:
        torch.manual_seed(0)
        return learner.Learner(model.made(tokenizer), len(phonemes.names), seed=7)

    whole, broken, again = begun(), begun(), begun()
    whole.learn(batches, phases, tmp_path / "whole.pt")
    with monkeypatch.context() as breaking:
        steps = iter(range(6))
        step = broken._step
        breaking.setattr(broken, "_step", lambda *a: step(*a) if next(steps) < 5 else pytest.fail("no more"))
        with pytest.raises(pytest.fail.Exception):
            broken.learn(batches, phases, tmp_path / "broken.pt")
    again.load(tmp_path / "broken.pt")
    assert again.done == (1, 2)
    again.learn(batches, phases, tmp_path / "again.pt")
    assert again.done == whole.done == (2, 0)
    for name, weights in whole.model.state_dict().items():
        assert torch.equal(weights, again.model.state_dict()[name]), name
    assert not torch.equal(begun().model.proj_out.weight, whole.model.proj_out.weight)


def test_what_people_say_is_learned_sentence_by_sentence() -> None:
    from corpus import _talked

    talked = _talked(5, Random(5))
    assert len(talked) > 200
    assert talked[0].startswith("Welcome")
    assert all(re.fullmatch(r"[A-Z][\w, ]+[.?]", said) for said in talked)
    assert talked == _talked(5, Random(5))


def test_marks_of_stress_and_length_make_no_other_phoneme() -> None:
    assert [plain(name) for name in ("'oU", ",oU", "i:", "_:", "_|", "t", "@2")] == [
        "oU",
        "oU",
        "i",
        "_",
        "_",
        "t",
        "@2",
    ]


def test_mel_is_what_the_front_end_of_the_engine_computes() -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    from mel import scaled

    samples = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32) * np.linspace(0, 1, 32000, dtype="f4")
    theirs = FeatureExtractor()(samples, padding=0)
    np.testing.assert_allclose(scaled(log_power(samples).astype(np.float32)), theirs[:, :200], atol=2e-3)


def test_the_time_left_is_that_of_the_frames_left(capsys: pytest.CaptureFixture[str]) -> None:
    phases = (Phase("a", 4, 2, 100, 1e-3, 1e-4), Phase("b", 3, 1, 400, 1e-3, 1e-4))
    progress = Progress(phases, (0, 1))
    assert progress.left == 3 * 200 + 3 * 400
    progress.add(phases[0], {"loss": 2.0})
    progress.add(phases[0], {"loss": 1.0})
    assert (progress.frames, progress.left) == (400, 1400)
    progress.report(phases[0], 3)
    assert "a: step 3 of 4, loss 1.500; " in capsys.readouterr().out
    assert Progress(phases, (2, 0)).left == 0


def test_the_last_phase_has_whole_windows() -> None:
    assert PHASES[0].hearing
    assert not PHASES[0].writing
    assert PHASES[-1].frames == WINDOW_FRAMES
    assert all(phase.writing for phase in PHASES[1:])

"""ROUGE against rouge-score, and summaries against the transcripts that they sum up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from rouge_score.rouge_scorer import RougeScorer

from earwitness.evaluation.results import Overlap, SummaryQuality
from earwitness.evaluation.summaries import rouge, summary_quality
from earwitness.types import Summary, SummarySentence, Transcript
from factories import make_segment, make_transcript

TEXTS = (
    "The bridge was built in 1871, and it has been mended twice since then.",
    "It's an old bridge - Mr. Lee's, who mended it (twice!) since 1871.",
    "They don't know how old the bridge is; nobody_knows.",
    "the the the the bridge",
    "Bridge",
)


@pytest.mark.parametrize("reference", TEXTS)
@pytest.mark.parametrize("hypothesis", TEXTS)
def test_rouge_of_english_is_rouge_scores_to_the_last_digit(reference: str, hypothesis: str) -> None:
    expected = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(reference, hypothesis)
    found = rouge(reference, hypothesis)
    for name, overlap in (("rouge1", found.rouge1), ("rouge2", found.rouge2), ("rougeL", found.rougeL)):
        assert (overlap.precision, overlap.recall, overlap.f1) == tuple(expected[name])


def test_rouge_of_random_english_is_rouge_scores() -> None:
    chance = random.Random(4)
    words = "the old bridge, was built Of stone! it's 1871 (and) mended".split()
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"])
    for _ in range(100):
        reference, hypothesis = (" ".join(chance.choices(words, k=chance.randint(1, 30))) for _ in range(2))
        found = rouge(reference, hypothesis)
        expected = scorer.score(reference, hypothesis)
        assert (found.rouge1.f1, found.rouge2.f1, found.rougeL.f1) == tuple(
            expected[name].fmeasure for name in ("rouge1", "rouge2", "rougeL")
        )


@pytest.mark.parametrize(
    ("reference", "hypothesis", "one", "two"),
    [
        ("Мост построили давно.", "мост построили недавно", 2 / 3, 1 / 2),
        ("Η γέφυρα είναι παλιά", "η γέφυρα, είναι νέα", 3 / 4, 2 / 3),
        ("الجسر قديم جدا", "الجسر قديم", 4 / 5, 2 / 3),
        ("पुल बहुत पुराना है", "पुल पुराना है।", 6 / 7, 2 / 5),
        ("这座桥很老。", "这座桥不老", 4 / 5, 1 / 2),
        ("橋は古い", "橋は新しい", 2 * 3 / 9, 1 * 2 / 7),
        ("สะพานเก่า", "สะพานเก่า", 1.0, 1.0),
        ("Die Brücke überquert", "die Bru\u0308cke", 4 / 5, 2 / 3),
        ("AI技术", "AI 技术", 1.0, 1.0),
    ],
)
def test_rouge_keeps_every_script(reference: str, hypothesis: str, one: float, two: float) -> None:
    found = rouge(reference, hypothesis)
    assert (found.rouge1.f1, found.rouge2.f1) == (pytest.approx(one), pytest.approx(two))
    assert found.rougeL.f1 > 0


def test_rouge_of_nothing_is_zero() -> None:
    nothing = Overlap(0.0, 0.0, 0.0)
    for sides in (("", ""), ("a bridge", ""), ("", "a bridge"), ("...", "!")):
        found = rouge(*sides)
        assert (found.rouge1, found.rouge2, found.rougeL) == (nothing, nothing, nothing)


EPISODE = make_transcript(
    [
        ("A", "Welcome to a show about rivers and what people have built over them."),
        ("B", "The stone bridge was built in 1871 by two brothers from the village."),
        ("B", "It cost twenty one thousand pounds, which nobody had expected."),
        ("A", "Seventy years later the flood of nineteen forty-one carried half of it away."),
        ("B", "The miners rebuilt the northern arches with timber. Five came from the city."),
        ("A", "Today 3.5 million travellers cross the river every year, one of the busiest crossings."),
    ]
)


def summed_up(*sentences: tuple[str, Sequence[int]], transcript: Transcript = EPISODE) -> SummaryQuality:
    summary = Summary(tuple(SummarySentence(text, tuple(evidence), 1.0) for text, evidence in sentences))
    return summary_quality(replace(transcript, summary=summary))


def test_a_verbatim_summary_is_wholly_covered_and_supported() -> None:
    found = summed_up((EPISODE.segments[1].text, [1]), (EPISODE.segments[3].text, [3]))
    assert (found.sentences, found.supported, found.supported_share, found.coverage) == (2, 2, 1.0, 1.0)
    # Two fragments of 13 and 14 words ("forty-one" is two).
    assert found.density == pytest.approx((13**2 + 14**2) / 27)
    assert found.compression == pytest.approx(78 / 27)


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("The stone bridge was built in 1872 by two brothers from the village.", [1]),  # another year
        ("The stone bridge was built in 1871 by three brothers from the village.", [1]),  # another number, spelt out
        ("It cost twenty two thousand pounds, which nobody had expected.", [2]),
        ("The flood of nineteen forty-two carried half of it away.", [3]),
        ("Today 5.3 million travellers cross the river every year.", [5]),  # the same digits
        ("Astronauts planted tulips on the moon.", [1]),  # invented
        ("The stone bridge was sold to American collectors by two brothers.", [1]),  # half invented
        ("The stone bridge was built in 1871 by two brothers from the village.", [4]),  # evidence elsewhere
        ("The stone bridge was built in 1871 by two brothers from the village.", [99]),  # no such segment
        ("The stone bridge was built in 1871 by two brothers from the village.", []),
        ("It had been.", [1]),  # no content words, so all words count
    ],
)
def test_what_the_evidence_does_not_say_is_unsupported(sentence: str, evidence: list[int]) -> None:
    assert summed_up((sentence, evidence)).supported == 0


@pytest.mark.parametrize(
    ("sentence", "evidence"),
    [
        ("Two brothers built the stone bridge in 1871.", [1]),
        ("The villages' bridges were built by brothers.", [1]),  # inflections
        ("2 brothers from the village built the stone bridge in eighteen seventy-one.", [1]),  # figures and words
        ("It cost 21,000 pounds, which nobody expected.", [2]),
        ("70 years later the flood of 1941 carried half of it away.", [3]),
        ("Miners rebuilt the arches with timber. Five came from the city.", [4]),
        ("Today 3,500,000 travellers cross the river, one of the busiest crossings.", [5]),
        ("Two brothers built the bridge in 1871, which cost twenty one thousand pounds.", [1, 2]),
        ("First, two brothers built the stone bridge.", [1]),  # first is no number here
        ("It had, which nobody had.", [2]),  # no content words, so all words count
    ],
)
def test_what_the_evidence_says_in_other_words_is_supported(sentence: str, evidence: list[int]) -> None:
    assert summed_up((sentence, evidence)).supported == 1


def test_numbers_of_other_languages_are_figures() -> None:
    segment = make_segment(0, "Die Brücke wurde 1871 von zwei Brüdern aus dem Dorf gebaut.", "A", 1.0)
    german = replace(make_transcript([("A", "x")], language="de"), segments=(segment,))
    assert summed_up(("Die Brücke wurde 1871 gebaut.", [0]), transcript=german).supported == 1
    assert summed_up(("Die Brücke wurde 1817 gebaut.", [0]), transcript=german).supported == 0


def test_a_summary_in_a_script_without_spaces() -> None:
    segment = make_segment(0, "这座石桥是1871年由村里的两兄弟建造的。", "A", 1.0)
    chinese = replace(make_transcript([("A", "x")], language="zh"), segments=(segment,))
    found = summed_up(("石桥是1871年建造的。", [0]), transcript=chinese)
    assert (found.supported, found.coverage) == (1, 1.0)
    assert summed_up(("昨天下了一场大雨。", [0]), transcript=chinese).supported == 0


def published_fragments(article: Sequence[str], summary: Sequence[str]) -> list[int]:
    """Algorithm 1 of Grusky et al. (2018), line by line, with places counted from 0."""
    lengths = []
    i = j = 0
    while i < len(summary):
        longest = 0
        while j < len(article):
            if summary[i] == article[j]:
                k, m = i, j
                while k < len(summary) and m < len(article) and summary[k] == article[m]:
                    k, m = k + 1, m + 1
                longest = max(longest, k - i)
                j = m
            else:
                j += 1
        i, j = i + max(longest, 1), 0
        if longest:
            lengths.append(longest)
    return lengths


def test_coverage_and_density_are_those_of_the_published_algorithm() -> None:
    chance = random.Random(9)
    for _ in range(200):
        vocabulary = "abcdefgh"[: chance.randint(2, 8)]
        article = [f"x{letter}" for letter in chance.choices(vocabulary, k=chance.randint(1, 40))]
        short = [f"x{letter}" for letter in chance.choices(vocabulary + "z", k=chance.randint(1, 15))]
        transcript = make_transcript([("A", " ".join(article))])
        found = summed_up((" ".join(short), [0]), transcript=transcript)
        lengths = published_fragments(article, short)
        assert found.coverage == pytest.approx(sum(lengths) / len(short))
        assert found.density == pytest.approx(sum(length**2 for length in lengths) / len(short))
        assert found.compression == pytest.approx(len(article) / len(short))


def test_reach_is_the_share_of_tenths_that_are_cited() -> None:
    segments = tuple(make_segment(place, "a few words of talk", "A", place * 10.0 + 1) for place in range(10))
    transcript = make_transcript(segments=segments)
    transcript = replace(transcript, source=replace(transcript.source, duration=100.0))
    assert summed_up(("A few words.", [0, 1]), ("Of talk.", [1, 9]), transcript=transcript).reach == 0.3
    across = replace(segments[0], start=8.0, end=21.0)
    transcript = replace(transcript, segments=(across, *segments[1:]))
    assert summed_up(("A few words.", [0]), transcript=transcript).reach == 0.3


def test_without_a_summary_there_is_nothing_to_support() -> None:
    for summary in (None, Summary()):
        found = summary_quality(replace(EPISODE, summary=summary))
        assert found == SummaryQuality(0, 0, 0.0, 0.0, 0.0, 0.0)
        assert found.supported_share == 1.0
    assert summary_quality(make_transcript([])).sentences == 0

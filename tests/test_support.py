"""What supports a sentence: faithful retellings pass, what is invented, exchanged or denied is found."""

from __future__ import annotations

from collections import Counter

import pytest
import supporting
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations import INTERVIEW, ISLAND, OCTOPUS, SWEDISH, say
from earwitness.support import SUPPORTED, Witness, judged
from earwitness.types import Segment, Summary, SummarySentence
from factories import make_segment

TRUE = {
    INTERVIEW: """
    Tom keeps bees on the roof of a hotel.
    Tom says that the hotel's manager feared that guests would be stung.
    The bees produced forty kilos of honey in their first summer.
    Last winter, two of nine colonies were lost to mites.
    He also repairs old clocks, mostly inherited ones.
    Tom explains that clocks usually stop because nobody oiled them.
    The most difficult repair was a church clock from 1790, which took seven weeks.
    Around thirty clockmakers are left in the country, according to Tom.
    In June, he sailed from Bergen in a wooden boat.
    He drifted north for two days before a fishing boat towed him to the harbor of Seydisfjord.
    Tom has never sailed alone since.
    Anna asks whether the bees survive the winter.
    Anna Berg hosts Small Trades, a show about people who make things with their hands.
    The sailors gave him soup and took no money.
    Only one guest was stung, because he had knocked on the hive.
    Tom and Anna talk about bees, clocks and a boat.
    When the church clock struck twelve, the village applauded in the square.
    """,
    ISLAND: """
    The storm destroyed the bridge on Sunday and closed the harbor.
    The farmers built a wooden boat in 12 days.
    Victor says the new bridge costs nine percent of the harbor budget.
    Emma's guest is Victor, an engineer and writer.
    A teacher and her students measure temperature, wind and rain three times a day.
    In forty years, the students missed just two days.
    A satellite confirmed the station's numbers: the university found a very small difference.
    The museum shows 300 radios in an old cinema.
    The collector was Carlos, a postman.
    The oldest radio was made in 1921 and still plays music.
    Nobody believed the boat was safe.
    Victor thinks the bridge is expensive but safe.
    Emma asks what the government did.
    After the death of Carlos, his family opened the museum.
    The water's temperature has risen by one degree.
    Twenty visitors come each week.
    """,
}
FALSE = {
    INTERVIEW: """
    Anna keeps bees on the roof of a hotel.
    Tom says that the hotel's cook feared that guests would be stung by wasps.
    The bees produced fifty kilos of honey in their first summer.
    The honey is sold in the hotel lobby and pays for the orchestra.
    Last winter, nine of two colonies were lost to mites.
    He also repairs old violins, mostly inherited ones.
    Anna explains that clocks usually stop because nobody oiled them.
    The most difficult repair was a church clock from 1790, which took nine weeks.
    Around thirty clockmakers are left in the country, according to Anna.
    In June, Anna sailed from Bergen in a wooden boat.
    On the second day of the trip, a storm broke the mast of his boat.
    He drifted north for seven days before a fishing boat towed him to the harbor of Seydisfjord.
    Tom has often sailed alone since.
    Tom asks whether the bees survive the winter.
    Anna Miller hosts Small Trades, a show about people who make things with their hands.
    The sailors gave him soup and took money.
    Only one guest was stung, and he sued the hotel for damages.
    Tom and Robert talk about bees, clocks and a boat.
    The colony survived because the university sent a vaccine.
    Tom received an award from the king for his honey.
    The bees did not survive the winter.
    Robert repaired a church clock in seven weeks.
    """,
    ISLAND: """
    The farmers built a wooden boat in 20 days.
    Emma says the new bridge costs nine percent of the harbor budget.
    Victor's guest is Emma, an engineer and writer.
    A teacher and her students measure temperature, wind and rain nine times a day.
    In twelve years, the students missed just two days.
    A satellite disproved the station's numbers: Oxford found a very large difference.
    The museum shows 300 paintings in an old cinema.
    The collector was Victor, a postman.
    The collector was Pedro, a postman.
    The oldest radio was made in 1912 and still plays music.
    Everybody believed the boat was safe.
    Carlos thinks the bridge is expensive but safe.
    After the death of Victor, his family opened the museum.
    The water's temperature has fallen by one degree.
    Forty visitors come each week.
    The mayor of Lisbon apologised for the collapse.
    Carlos studied the island near Lisbon.
    The government paid for the new bridge and reopened the harbor in spring.
    """,
}


# Some of these fail: retold too freely, or false in a way that words do not show. The docs have the counts.
FREE = {
    OCTOPUS: """
    Dr. Ruth Okafor is a marine biologist who has studied octopuses for fifteen years.
    Ruth explains that an octopus has about 500 million neurons, roughly as many as a dog.
    Two thirds of an octopus's neurons are in its arms rather than in its brain.
    Each arm can make decisions on its own.
    An octopus called Matilda learned to open a childproof jar in less than four minutes.
    Octopuses recognise people and remember faces.
    One student was squirted with water every time she passed the tank.
    Ruth dived under the ice of Antarctica for two seasons.
    Divers have perhaps forty minutes before their hands stop working.
    On her first dive, Ruth's regulator froze open.
    Her dive buddy shared her air, and they swam back to the hole.
    Cold water octopuses have blue blood that carries copper instead of iron.
    They pack more of the copper protein into their blood than their relatives in warm water.
    Ruth's editor returned the first chapter with a single sentence.
    She rewrote the book as letters to her grandmother, who had never finished school.
    Her grandmother died before the book was published.
    The publisher printed four thousand copies at first.
    The book has been translated into eleven languages and is in its sixth printing.
    Ruth's next book is about squid.
    Mike Alvarez and Jenny Park host The Long Table.
    The book is called Nine Brains.
    Jenny asks whether octopuses recognise people.
    Mike says that he would never dive there.
    After the dive, they changed all regulators and carried a spare tank.
    """,
}
FREE_FALSE = {
    OCTOPUS: """
    Dr. Ruth Okafor is a marine biologist who has studied octopuses for fifty years.
    Mike explains that an octopus has about 500 million neurons, roughly as many as a dog.
    Two thirds of an octopus's neurons are in its brain rather than in its arms.
    Each arm has a tiny heart of its own.
    An octopus called Matilda learned to open a childproof jar in less than eleven minutes.
    Octopuses do not recognise people.
    One student was squirted with ink and had to leave the university.
    Jenny dived under the ice of Antarctica for two seasons.
    Divers have perhaps four minutes before their hands stop working.
    On her first dive, Ruth's regulator exploded and injured a cameraman.
    Her dive buddy refused to share her air.
    Cold water octopuses have blue blood that carries iron instead of copper.
    They pack less of the copper protein into their blood than their relatives in warm water.
    Jenny's editor returned the first chapter with a single sentence.
    She rewrote the book as letters to her grandmother Margaret.
    Her grandmother never heard any of the chapters.
    The publisher printed eleven thousand copies at first.
    The book has been translated into six languages and is in its eleventh printing.
    Ruth's next book is about whales.
    Ruth Alvarez and Jenny Park host The Long Table.
    The book is called Seven Arms.
    Ruth asks whether octopuses recognise people.
    Jenny says that she would never dive there.
    The publisher sold the film rights to a studio in Hollywood.
    Mike's student was squirted every time she passed the tank.
    The university of Oslo paid for the expedition.
    """,
}
WRITTEN = {
    INTERVIEW: """
    In this episode of Small Trades, Anna Berg interviews Tom, who keeps bees, repairs clocks and sailed to Iceland.
    Tom recounts how the hotel cook's wish for his own honey led to a hive on the roof.
    City bees do better than rural ones because gardens are not sprayed and flowers bloom all the time.
    A fence and a window now allow guests to watch the queen and her workers safely.
    In winter, he feeds the bees sugar and closes the hives against the wind.
    The conversation then turns to Tom's day job, repairing clocks.
    He describes restoring a church clock from 1790, whose hand-cut gears had teeth of different sizes.
    The whole village applauded when the clock struck twelve for the first time.
    His apprentice is better with small gears than he ever was.
    Finally, Tom tells the story of his voyage to Iceland.
    After a storm broke his mast, he tied the remaining sail to an oar.
    He was rescued by a fishing boat, which towed him into the harbor.
    Tom admits that he was too busy to be afraid.
    """,
    ISLAND: """
    Emma speaks with Victor about the old harbor, the weather station and the radio museum.
    After a storm destroyed the bridge, the island's families were cut off from the hospital and the school.
    A wooden boat built by farmers carried bread, water and medicine to the village.
    The government did nothing, so the island bank provided a loan for a concrete bridge.
    The weather station is a white box behind the school and is run by a teacher and her students.
    A goat once ate the notes, and the wind broke the instruments once.
    Measurements show that summers are getting warmer and that rain comes later.
    The radio museum grew out of the collection of Carlos, a postman who repaired radios for his neighbors.
    The museum earns money by selling recordings of radio plays.
    """,
    OCTOPUS: """
    Mike and Jenny talk with marine biologist Ruth Okafor about octopus intelligence.
    Octopuses can recognize individual people and even hold grudges.
    Ruth describes diving under the Antarctic ice, where a hole was the only way out.
    When her regulator froze open, her dive buddy shared her air.
    The researchers wanted to understand how cold-water octopuses keep their blood flowing.
    Ruth wrote her book as letters to her grandmother.
    The grandmother asked for more jokes.
    Her next book will be about squid.
    """,
}
"""As language models write summaries."""


SCRAPS = st.sampled_from(
    ["Anna ", "Speaker 2 ", "the ", "bridge ", "not ", "without ", "rather ", "than ", "about ", "says ", "that ",
     "He ", "you ", "12 ", "twenty ", "-", ", ", ". ", "? ", "古い", "橋", "é", "’s ", "\n", "May ", "and ",
     "according to "]
)  # fmt: skip
TEXTS = st.lists(SCRAPS, max_size=20).map("".join)


def sentences(told: dict[str, str]) -> list[tuple[str, str]]:
    return [(script, line.strip()) for script, text in told.items() for line in text.strip().splitlines()]


def witness(script: str, *, named: bool = True) -> Witness:
    segments, _ = say(script)
    names = {str(item.speaker): str(item.speaker) for item in segments}
    return Witness(segments, "en", names if named else {label: f"Speaker {n}" for n, label in enumerate(names, 1)})


@pytest.mark.parametrize(("script", "sentence"), sentences(TRUE))
@pytest.mark.parametrize("named", [True, False])
def test_a_faithful_retelling_passes(script: str, sentence: str, named: bool) -> None:
    found = witness(script, named=named).cited(sentence)
    assert found.support >= SUPPORTED
    assert found.evidence


@pytest.mark.parametrize(("script", "sentence"), sentences(FALSE))
@pytest.mark.parametrize("named", [True, False])
def test_what_nobody_said_is_found(script: str, sentence: str, named: bool) -> None:
    assert witness(script, named=named).cited(sentence).support < SUPPORTED


@pytest.mark.parametrize(("told", "fewest", "most"), [(FREE, 20, 24), (WRITTEN, 25, 30), (FREE_FALSE, 0, 1)])
def test_free_retellings_mostly_pass(told: dict[str, str], fewest: int, most: int) -> None:
    passed = [witness(script).cited(sentence).support >= SUPPORTED for script, sentence in sentences(told)]
    assert fewest <= sum(passed) <= most


def test_a_summary_with_an_invented_sentence_and_an_exchanged_name() -> None:
    asked = witness(INTERVIEW)
    told = [
        "Tom keeps bees on the roof of a hotel and repairs old clocks.",
        "In June, Anna sailed from Bergen in a wooden boat.",  # it was Tom
        "The king gave him a medal for his honey.",  # nobody did
        "A storm broke the mast, and a fishing boat towed him into the harbor.",
    ]
    marked = judged(Summary(tuple(map(asked.cited, told))), "mark")
    assert [sentence.unsupported for sentence in marked.sentences] == [False, True, True, False]
    assert [sentence.text for sentence in judged(marked, "drop").sentences] == [told[0], told[3]]
    assert not any(sentence.unsupported for sentence in judged(marked, "keep").sentences)


def test_the_evidence_is_where_it_was_said() -> None:
    segments, _ = say(ISLAND)
    asked = Witness(segments, "en")
    told = "The farmers' wooden boat was built in 12 days and carried medicine to the village."
    said = [segments[number].text for number in asked.evidence_of(told)]
    assert said == [
        "The farmers built a wooden boat in twelve days.",
        "The boat carried bread, water and medicine to the village every morning.",
    ]
    assert asked.evidence_of("Xylophone zebras.") == ()
    among = [item.id for item in segments if "boat" not in item.text]
    assert not set(asked.evidence_of(told, among)) - set(among)


def test_without_evidence_there_is_no_support() -> None:
    asked = witness(ISLAND)
    quoted = say(ISLAND)[0][9].text
    assert asked.support(quoted, [9]) == 1.0
    assert asked.support(quoted, []) == asked.support(quoted, [999]) == 0.0
    assert asked.support(quoted, [30]) < SUPPORTED


def test_what_says_nothing_supports_nothing() -> None:
    said = [make_segment(0, "Yes.", "A", 0.0), make_segment(1, "...", "A", 2.0), make_segment(2, "", "A", 4.0)]
    asked = Witness(said, "en", {"A": "Anna"})
    assert asked.support("Yes.", [0]) == 1.0
    assert asked.support("The bridge was closed in 1990, says Anna.", [0, 1, 2]) == 0.0
    assert asked.support("", [0]) == asked.support("?", [1]) == 0.0


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, max_size=5), TEXTS, st.sampled_from(["en", "fr", "zh"]))
def test_any_text_has_a_support(texts: list[str], sentence: str, language: str) -> None:
    said = [make_segment(number, text, "AB"[number % 2], number * 9.0) for number, text in enumerate(texts)]
    asked = Witness(said, language, {"A": "Anna", "B": "Speaker 2"})
    found = asked.cited(sentence)
    assert 0.0 <= found.support <= 1.0
    assert set(found.evidence) <= {item.id for item in said}
    assert asked.support(sentence, range(-1, 9)) <= 1.0


def test_a_speaker_is_known_by_how_they_are_introduced() -> None:
    said: list[Segment] = [
        make_segment(0, "I am Emma, and my guest is Victor.", "A", 0.0),
        make_segment(1, "I repaired the old lighthouse in May.", "B", 9.0),
    ]
    asked = Witness(said, "en", {"A": "Speaker 1", "B": "Speaker 2"})
    for name in ("Victor", "Speaker 2"):
        assert asked.support(f"{name} repaired the old lighthouse.", [0, 1]) == 1.0
    for name in ("Emma", "Speaker 1", "Robert"):
        assert asked.support(f"{name} repaired the old lighthouse.", [0, 1]) < SUPPORTED


def test_any_language() -> None:
    segments, _ = say(SWEDISH, language="sv")
    asked = Witness(segments, "sv")
    told = asked.cited("Bagare viker en deg fyra gånger.")
    assert (told.support, [segments[number].text[:12] for number in told.evidence]) == (1.0, ["Bagare viker"])
    assert asked.cited("Bagare köper nya kylskåp i Amerika.").support < SUPPORTED


@pytest.fixture(scope="module")
def judgements() -> list[tuple[str | None, float]]:
    """Of an hour on which nothing was set."""
    return supporting.judgements(range(21, 22))


def test_claims_about_a_made_up_hour(judgements: list[tuple[str | None, float]]) -> None:
    counts = Counter(fault for fault, _ in judgements)
    passed = Counter(fault for fault, support in judgements if support >= SUPPORTED)
    assert counts[None] > 200
    assert passed[None] >= 0.95 * counts[None]
    for fault in ("name", "place name", "number", "date", "speaker"):
        assert passed[fault] <= 0.1 * counts[fault], fault
    for fault in ("noun", "denial"):
        assert passed[fault] <= 0.25 * counts[fault], fault


def test_an_unknown_choice_drops_nothing() -> None:
    weak = Summary((SummarySentence("So.", (), 0.1),), unread=(3,))
    assert judged(weak, "keep") == weak
    assert judged(weak, "drop").unread == (3,)

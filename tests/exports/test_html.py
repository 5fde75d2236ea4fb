"""The page: well-formed, self-contained, everything escaped, every link with its end."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace

from earwitness.exports.html import write
from earwitness.exports.reading import DOUBTED
from earwitness.types import Coverage, EngineInfo, Overlap, Summary, SummarySentence, Transcript, Word
from factories import make_segment, make_transcript
from pages import Page


def test_the_page_is_well_formed_and_its_links_have_ends() -> None:
    page = Page(write(make_transcript()))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert all(link[1:] in ids for link in page.values("href") if link.startswith("#"))
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in page.elements}
    assert [tag for tag, _ in page.elements if tag in ("h1", "h2", "h3")] == ["h1", "h2", "h2", "h2", "h3", "h3"]
    labels = [label for value in page.values("aria-labelledby") for label in value.split()]
    assert set(labels) <= set(ids)


def test_colours_go_by_the_numbers_of_labels_so_that_a_new_speaker_takes_nobodys() -> None:
    made = make_transcript()
    labels = {speaker.id: f"SPEAKER_{7 - place:02d}" for place, speaker in enumerate(made.speakers)}
    speakers = tuple(replace(speaker, id=labels[speaker.id]) for speaker in made.speakers)
    segments = tuple(replace(segment, speaker=labels.get(segment.speaker or "")) for segment in made.segments)
    page = Page(write(replace(made, speakers=speakers, segments=segments)))
    assert {value for value in page.values("class") if re.fullmatch(r"turn v\d+", value)} == {
        f"turn v{(7 - place) % 8}" for place in range(len(labels))
    }


def test_the_page_asks_for_nothing_and_runs_only_its_own_script() -> None:
    source = write(make_transcript())
    page = Page(source)
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy") or ""
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'{sha256(page.texts['style'])}'",
        "script-src": f"'{sha256(scripts(source)[-1])}'",
        "media-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert all(link.startswith("#") for link in page.values("href"))
    assert not page.values("src")
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    assert set(re.findall(rb"url\(|@import|fetch\(|import\(|https?:\S+|//\w\S*", source)) == {
        b'http://www.w3.org/2000/svg";'  # the name of a kind of elements
    }


def scripts(source: bytes) -> list[str]:
    """The data in the page, and its script."""
    return re.findall(r"<script[^>]*>(.*?)</script>", source.decode(), re.DOTALL)


def sha256(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def test_its_description_is_the_recordings() -> None:
    line = SummarySentence('About "the" <bridge>.', (1,), 1.0)
    source = write(make_transcript(description=line)).decode()
    assert '<meta name="description" content="About &quot;the&quot; &lt;bridge&gt;.">' in source


def test_it_says_what_made_it() -> None:
    engine = EngineInfo("faster-whisper", "Systran/faster-whisper-small", None, None)
    source = write(make_transcript(engine=engine)).decode()
    assert "transcribed by faster-whisper with the model Systran/faster-whisper-small." in source


def test_the_transcript_is_in_it_as_data() -> None:
    transcript = make_transcript([("A", "<b>Bold</b> </script> & so on")])
    assert json.loads(scripts(write(transcript))[0]) == transcript.to_dict()


def test_summary_sentences_link_to_their_evidence() -> None:
    source = write(make_transcript()).decode()
    assert 'since then. <a class="cite" href="#s4">0:11</a>' in source
    assert '<a href="#c3"><span class="when">0:09</span><span class="name">The bridge</span></a>' in source


def test_every_level_is_summed_up_and_what_is_unsupported_or_unread_is_said() -> None:
    told = make_transcript()
    weak = Summary((SummarySentence("Never <built>.", (4,), 0.2, unsupported=True),), unread=(0, 5))
    speakers = tuple(replace(speaker, summary=weak) for speaker in told.speakers)
    source = write(replace(told, summary=weak, speakers=speakers)).decode()
    link = '<a class="cite" href="#s4">0:11</a>'
    sentence = f'<span class="unsupported">Never &lt;built&gt;. {link} <em>unsupported</em></span>'
    assert f'<p class="summary" dir="auto"><bdi>Bob:</bdi> {sentence}</p>' in source
    assert f'<dt><bdi>Ann Lee</bdi></dt><dd dir="auto">{sentence}</dd>' in source
    assert "Not read by the summariser: 2 places to listen to" in source
    assert DOUBTED in source
    assert DOUBTED not in write(told).decode()


def test_words_that_were_hard_to_hear_are_marked() -> None:
    words = (Word(" Clear", 1.0, 1.2, 0.5), Word(" murky", 1.3, 1.5, 0.31))
    source = write(make_transcript(segments=(make_segment(0, "Clear murky", "A", 1.0, words=words),))).decode()
    assert '>Clear <span class="doubt" title="31% sure">murky</span>' in source


def test_words_of_doubtful_speakers_are_marked_and_listed() -> None:
    words = (
        Word(" Yes", 1.0, 1.2, 0.9, "A", 0.7),
        Word(" no", 1.3, 1.5, 0.9, "A", 0.69),
        Word(" <maybe>", 1.6, 1.8, 0.3, "A", 0.5),
    )
    source = write(make_transcript(segments=(make_segment(7, "Yes no <maybe>", "A", 1.0, words=words),))).decode()
    assert '>Yes <span class="whose" title="69% sure who says it">no</span>' in source
    assert '<span class="doubt whose" title="30% sure, 50% sure who says it">' in source
    assert "Who says it? 1 place to listen to" in source
    assert '<a class="cite" href="#s7">0:01</a> <bdi>' in source
    assert "no &lt;maybe&gt;</q>" in source
    assert 'class="checks"' not in write(make_transcript()).decode()


def test_who_speaks_at_once_is_named() -> None:
    transcript = make_transcript(overlaps=(Overlap(1.25, 2.5, ("A", "B")), Overlap(900.0, 901.0, ("B", "?"))))
    source = write(transcript).decode()
    a, b = transcript.name_of("A"), transcript.name_of("B")
    assert "Spoken at once: 2 places to listen to" in source
    assert f'<li><a class="cite" href="#s0">0:01</a>, 1.2 s: <bdi>{a}</bdi>, <bdi>{b}</bdi></li>' in source
    assert f"<li>15:00, 1.0 s: <bdi>{b}</bdi>, <bdi>?</bdi></li>" in source
    assert "Spoken at once: 2" not in write(make_transcript()).decode()


def test_the_ledger_accounts_for_every_kind() -> None:
    coverage = (Coverage(0.0, 5.0, "transcribed"), Coverage(5.0, 15.0, "dropped"), Coverage(15.0, 17.2, "music"))
    source = write(make_transcript(coverage=coverage)).decode()
    assert "speech without words 0:10 (58%)" in source
    assert "music 0:02 (13%)" in source


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload='x' $title ${style}"


def hostile_transcript() -> Transcript:
    return make_transcript(
        [("A", HOSTILE), (HOSTILE, "Fine.")],
        names={"A": HOSTILE},
        chapters=[(0, HOSTILE)],
        evidence=[0],
        name=f"{HOSTILE.replace('/', '')}.mp3",
        keywords=(HOSTILE,),
        warnings=(HOSTILE,),
        language=HOSTILE,
    )


def test_hostile_text_stays_text() -> None:
    page, plain = Page(write(hostile_transcript())), Page(write(make_transcript(warnings=("w",))))
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements}
    assert [tag for tag, _ in page.elements].count("script") == 3
    assert scripts(write(hostile_transcript()))[-1] == scripts(write(make_transcript()))[-1]
    assert {name for _, attributes in page.elements for name in attributes} <= {
        name for _, attributes in plain.elements for name in attributes
    } | {"title"}
    assert HOSTILE in page.texts["bdi"]
    assert HOSTILE in page.texts["h3"]


def test_an_empty_transcript_says_so() -> None:
    source = write(make_transcript([], keywords=())).decode()
    Page(source.encode())
    assert "Nobody speaks in this recording." in source
    assert "<nav" not in source

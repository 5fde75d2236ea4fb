"""Made-up English over about a thousand common words: what the demo Whisper learned, beside what `chatter` says.

A model that only ever hears a few sentence patterns learns the patterns and not the words, so four
kinds of text are mixed: free clauses from a small grammar, lists, questions and plain word salad,
which cannot be guessed and forces the decoder to listen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

NOUNS = """
city river market garden window bridge teacher doctor farmer engineer writer reporter listener guest host editor
company team school library museum station airport hospital kitchen office factory village island mountain forest
ocean beach desert valley harbor castle tower street corner road train boat bicycle truck engine battery computer
keyboard screen camera microphone speaker phone radio signal network server program language letter number question
answer problem solution reason result story chapter episode podcast interview conversation discussion argument opinion
idea plan project budget contract report summary transcript recording sound voice music song melody rhythm concert
audience season weather winter summer morning evening weekend holiday birthday breakfast dinner coffee water bread
apple orange potato tomato chicken cheese sugar butter table chair bottle basket blanket pocket jacket shoe ticket
passport suitcase map compass lantern candle mirror picture painting statue history science physics chemistry biology
medicine energy climate carbon oxygen planet satellite telescope rocket galaxy star moon sun soil seed plant flower
tree leaf root animal horse cattle sheep rabbit turtle salmon eagle spider bee butterfly bacteria virus vaccine
patient nurse surgeon treatment experiment laboratory data model theory evidence measurement temperature pressure
distance speed weight volume density surface pattern structure material metal copper silver iron glass paper plastic
wood stone brick concrete money price market bank loan interest tax salary customer business industry economy
government election president minister judge lawyer police court law rule right duty freedom community family mother
father brother sister daughter friend neighbor child student people children men women fish rain storm wind snow
night day month year hour minute morning place world house home door room wall roof ship sea lake wave line
word name page book news show part side end top light fire heat power oil gas wire cable lamp tool hammer hand head
eye ear heart body life time way thing fact case point change work job test class lesson course town farm field hill
bird wool milk egg rice salt soup meal cup plate box bag car bus wheel road path map shop store piece half group
crowd crew captain sailor pilot driver cook baker painter singer player band guitar piano violin drum stage
hall choir record tape album studio visitor owner worker leader member expert scientist archive photo film
""".split()

ADJECTIVES = """
small large quiet loud early late simple difficult important strange beautiful expensive cheap modern ancient public
private local foreign national young old strong weak heavy light warm cold dry wet clean dirty bright dark narrow
wide deep shallow honest careful patient curious nervous happy angry tired famous ordinary serious funny useful
dangerous safe healthy hungry wooden golden green yellow purple silent gentle rapid steady empty crowded broken
perfect big little long short high low new good bad great best better free full open closed ready sure real true
wrong right easy hard fast slow red blue white black brown whole same different last first second third main
electric natural human social common popular special possible
""".split()

PAST = """
built found opened closed moved changed measured described studied explained discovered designed repaired painted
carried followed watched noticed remembered forgot ignored improved protected destroyed replaced borrowed bought sold
delivered recorded published translated tested solved discussed questioned supported defended visited crossed reached
left entered filled covered connected separated collected counted compared made took gave brought kept held lost met
saw heard knew thought told asked wanted needed used started finished stopped saved showed learned taught wrote read
played sang loved liked hated felt put sent paid cut broke fixed planted drove sailed cleaned washed cooked ate drank
""".split()
BASE = """
build find open close move change measure describe study explain discover design repair paint carry follow watch
notice remember forget ignore improve protect destroy replace borrow buy sell deliver record publish translate test
solve discuss support defend visit cross reach leave enter fill cover connect separate collect count compare make take
give bring keep hold lose meet see hear know think tell ask want need use start finish stop save show learn teach write
read play sing love like feel put send pay cut break fix plant drive sail clean cook eat drink help call try
""".split()
INTRANSITIVE_PAST = """
arrived waited listened laughed cried worked rested travelled returned disappeared happened changed collapsed survived
succeeded failed agreed disagreed spoke smiled came went began grew fell rose stood lived died slept talked walked ran
""".split()
INTRANSITIVE_BASE = """
arrive wait listen laugh cry work rest travel return disappear happen collapse survive succeed fail agree speak smile
come go begin grow fall rise stand live sleep talk walk run
""".split()
ING = """
building finding opening moving changing measuring studying explaining designing repairing painting carrying watching
making taking giving keeping working waiting listening talking living growing learning teaching writing reading playing
singing having being going coming looking thinking using starting
""".split()
ADVERBS = """
quickly slowly carefully quietly suddenly finally eventually usually rarely often always never probably certainly
honestly exactly nearly almost simply clearly really already again together soon once twice now then here today
later also even still only just maybe perhaps
""".split()
NAMES = """
Alice Martin Sophia Daniel Oliver Emma Peter Julia Thomas Laura Victor Helen George Nina Samuel Clara Anna David Maria
Paul Sarah James
""".split()
PLACES = """
London Paris Berlin Chicago Boston Toronto Sydney Tokyo Madrid Dublin Vienna Oslo Lisbon Geneva Cairo Lima Europe
Africa America Asia
""".split()
NUMBERS = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty thirty forty fifty sixty seventy eighty ninety
""".split()
UNITS = "minutes hours days weeks months years miles meters degrees dollars percent people times kilometers".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
PRONOUNS = "I you we they he she it everyone nobody somebody".split()
OBJECTS = "me you us them him her it this that everything nothing something".split()
DETERMINERS = "the the the the a a this that our my your their his her every each no some many most".split()
PREPOSITIONS = "in on at near under over between after before with without from to for of about by into through".split()
AUXILIARIES = "can could will would should must may might did does do".split()
COPULAS = ("is", "was", "are", "were", "will be", "has been", "can be")
CONJUNCTIONS = "because but and so when while if until although where".split()
OPENERS = """
First, |Second, |Third, |Finally, |Yes, |No, |Well, |So |And |But |Then |Today |Of course, |In the end, |At first, |
I think |I believe |We know that |You know, |For example, |After that, |Thank you. |Right. |Okay, |Now |Every year, |
""".replace("\n", "").split("|")
STOCK = """
Welcome back to the show.|Welcome to the podcast.|Thank you for having me.|Thank you for listening.|My guest is {m}.|
I am {m}, and this is the {a} {n} podcast.|It is good to be here.|See you next {y}.|That was {m}.|Thank you very much.|
Let me ask you about the {n}.|How did you become interested in the {n}?|Tell me more about the {n}.|What happened then?|
Let us talk about the {n}.|How does it work?|Why is that?|That is a good question.|That is right.|I agree.|Goodbye.|
We will be back after a short break.|Our first topic is the {n}.|Our next topic is the {n}.|The last topic is the {n}.|
""".replace("\n", "").split("|")

# Words that sound alike (here and hear, by and buy, their and there) are told apart by their neighbours alone.
PHRASES = """
We will hear about the {n} and the {a} {n}.|Did you hear the {n} in the {n}?|I am happy to hear that.|Come here, {m}.|
The {n} paid for the {n} with a {n}.|They paid for our {n} in {p}.|Who paid for that {a} {n}?|
Thank you for the {n}, {m}.|She came by {n} and he left by {n}.|The {n} came by ship.|I want to buy a {n} for my {n}.|
We buy {u} {n}s every {y}.|There is no {n} in the {n}.|There are {u} {n}s near the {n}.|
When there is no {n}, we use the {n}.|Is there a {a} {n}?|Their {n} was in their {n} for {u} {t}.|
They put their {n} over there.|Which {n} do you like best?|Which {a} {n} is it?|What is it?|What is that?|
What did you do with the {n}s?|What did they do then?|What can you do?|Who are you?|Where is it?|
{m} {v} the name of the {n} and the story of each {n}.|The name of my {n} is {m}.|My name is {m}, and I am a {n}.|
It was {a}, and it was {a}.|It is too {a} for me.|I knew that you would come.|You know the {n}, and I know the {n}.|
We had to cross the {n} to go to the {n}.|Before the {n} was open, we {v} it with {u} {a} {n}s.|
Goodbye, {m}, and thank you.|The {n} of the {n} is in the {n} of the {n}.|One half of the {n} was {a}.|
The people of {p} {v} the {n} and the {n}.|Right here, in the {n}, {m} {v} the {n}.|Write your name on the {n}.|
We would like to see the sea.|Now we know no {n}.|The sun and the son of {m} are both here.|
I have a question about the {n}.|Do you have two {n}s, too?|Please be {a}.|
That was the {a} {n}, and this is the {n} show.|Next {y} our guest is a {n} from {p}.|
It happened only once this year.|Last year we found {u} {n}s under the {n}.|I was a child when my {n} {v} the {n}.|
If the wind is strong, the {n} can {b} the {n} for {u} {t}.|So they wanted to use the {n}.|
You should {b} us in the summer.|We {v} the {n} on the {n} of the {n}, and we {v} a {n} in the {n}.|
The {n} {v} into the {n}, and the {n} was {a}.|Goodbye, and thank you for listening.|
There was no {n} in {p}, so we {v} the {n}.|It was {a}, because there was no {n}.|Was there a {n} in the {n}?|
There were {u} {n}s, and there was one {n}.|How many {n}s were there?|Are there many {n}s in {p}?|
The {n} was not there.|All the {n}s are there in the {n}.|{m} was there, too.|{m} and {m} are here, too.|
{u} {n}s know how to {b} it, and no {n} does.|They know how to {b} a {n}.|Who knows how to {b} it?|I know it.|
I do not know.|We know the {a} {n} well.|Do you know why?|You know that it is right.|He had no {n} and no {n}.|
It is hard to {b} the {n}.|{m} came to {b} the {n}.|I need {u} {t} to {b} it.|They asked us to {b} the {n}.|
It is too late to {b} the {n}.|They went to {p} to buy the {n}.|Can you write to {m}?|He could not write it.|
She wants to write about the {n}.|Will you write the {n}?|The next week was {a}.|They met {m} once a week.
""".replace("\n", "").split("|")

_GROUPS = (
    NOUNS, ADJECTIVES, PAST, BASE, INTRANSITIVE_PAST, INTRANSITIVE_BASE, ING, ADVERBS, NAMES, PLACES, NUMBERS, UNITS,
    DAYS, MONTHS, PRONOUNS, OBJECTS, DETERMINERS, PREPOSITIONS, AUXILIARIES, CONJUNCTIONS,
)  # fmt: skip
KINDS: Mapping[str, Sequence[str]] = {
    "n": NOUNS, "a": ADJECTIVES, "v": PAST, "b": BASE, "m": NAMES, "p": PLACES, "u": NUMBERS, "t": UNITS, "y": DAYS,
}  # fmt: skip
"""What the braces of `STOCK` and `PHRASES` stand for."""

_FUNCTION_WORDS = """
is was are were be been has have had not than as who which what how why where when very too more or an
""".split()
ALL_WORDS = sorted({word for group in (*_GROUPS, _FUNCTION_WORDS) for word in group})

HOMOPHONES = frozenset("""
I eye ate eight be bee buy by for four hear here hour our knew new know no right write sea see son sun their there
to too two wait weight weak week wood would
""".split())  # fmt: skip
"""Words that sound like another one that is said here: only what stands beside them tells which."""
SALAD = [word for word in ALL_WORDS if word not in HOMOPHONES]


def plural(noun: str) -> str:
    """The regular plural of `noun`; irregular ones are left as they are.

    >>> plural("city"), plural("box"), plural("boat"), plural("people")
    ('cities', 'boxes', 'boats', 'people')
    """
    if noun in {"people", "children", "men", "women", "fish", "sheep", "cattle", "bacteria", "data", "news", "police"}:
        return noun
    if noun in {"leaf", "half", "life"}:
        return noun.removesuffix("e").removesuffix("f") + "ves"
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"


def noun_phrase(r: Random, nouns: Sequence[str] = NOUNS) -> str:
    kind = r.random()
    if kind < 0.10:
        return r.choice(NAMES)
    if kind < 0.20:
        return f"{r.choice(NUMBERS)} {plural(r.choice(nouns))}"
    if kind < 0.26:
        return f"{r.choice(['the', 'many', 'some', 'all', 'these', 'our', ''])} {plural(r.choice(nouns))}".strip()
    head = r.choice(nouns) if r.random() < 0.85 else plural(r.choice(nouns))
    if r.random() < 0.12:
        head = f"{r.choice(nouns)} {head}"
    adjective = r.choice(ADJECTIVES) + " " if r.random() < 0.35 else ""
    determiner = r.choice(DETERMINERS)
    if determiner == "a" and (adjective + head)[0] in "aeiou":
        determiner = "an"
    return f"{determiner} {adjective}{head}"


def prepositional(r: Random, nouns: Sequence[str] = NOUNS) -> str:
    kind = r.random()
    if kind < 0.12:
        return f"in {r.choice(PLACES)}"
    if kind < 0.24:
        return f"{r.choice(['after', 'for', 'in', 'every'])} {r.choice(NUMBERS)} {r.choice(UNITS)}"
    if kind < 0.32:
        return f"on {r.choice(DAYS)}" if r.random() < 0.6 else f"in {r.choice(MONTHS)}"
    return f"{r.choice(PREPOSITIONS)} {noun_phrase(r, nouns)}"


def verb_phrase(r: Random, nouns: Sequence[str] = NOUNS) -> str:
    kind = r.random()
    adverb = r.choice(ADVERBS) + " " if r.random() < 0.12 else ""
    if kind < 0.34:
        phrase = f"{adverb}{r.choice(PAST)} {noun_phrase(r, nouns)}"
    elif kind < 0.44:
        phrase = f"{adverb}{r.choice(INTRANSITIVE_PAST)}"
    elif kind < 0.60:
        phrase = f"{r.choice(AUXILIARIES)}{r.choice([' not', '', ''])} {r.choice(BASE)} {noun_phrase(r, nouns)}"
    elif kind < 0.66:
        phrase = f"{r.choice(AUXILIARIES)} {r.choice(INTRANSITIVE_BASE)}"
    elif kind < 0.72:
        phrase = f"{r.choice(['is', 'was', 'are', 'were'])} {r.choice(ING)} {noun_phrase(r, nouns)}"
    elif kind < 0.90:
        degree = r.choice(["", "", "very ", "not ", "too ", "more ", "so "])
        tail = f" than {noun_phrase(r, nouns)}" if degree == "more " else ""
        phrase = f"{r.choice(COPULAS)} {degree}{r.choice(ADJECTIVES)}{tail}"
    elif kind < 0.95:
        phrase = f"{r.choice(PAST)} {r.choice(OBJECTS)}"
    else:
        phrase = f"{r.choice(['has', 'have', 'had', 'costs', 'needs', 'is'])} {noun_phrase(r, nouns)}"
    return phrase + (f" {prepositional(r, nouns)}" if r.random() < 0.45 else "")


def clause(r: Random, nouns: Sequence[str] = NOUNS) -> str:
    """A subject and what it did; `nouns` keeps it to a topic."""
    subject = r.choice(PRONOUNS) if r.random() < 0.4 else noun_phrase(r, nouns)
    if r.random() < 0.08:
        subject += f" who {verb_phrase(r, nouns)}" if r.random() < 0.5 else f" {prepositional(r, nouns)}"
    return f"{subject} {verb_phrase(r, nouns)}"


def filled(r: Random, template: str, kinds: Mapping[str, Sequence[str]] = KINDS) -> str:
    """A template with a word of the right kind in each of its braces, and a capital at its beginning.

    >>> filled(Random(1), "the {n} is {a}.", {"n": ["river"], "a": ["wide"]})
    'The river is wide.'
    """
    text = re.sub(r"\{(\w+)\}", lambda match: r.choice(kinds[match[1]]), template)
    return text[0].upper() + text[1:]


def salad(r: Random) -> str:
    """Unguessable words, so that nothing but the sound tells them; it tells each of these."""
    words = [plural(w) if w in NOUNS and r.random() < 0.2 else w for w in r.choices(SALAD, k=r.randint(2, 9))]
    return " ".join(w + ("," if r.random() < 0.1 and i + 1 < len(words) else "") for i, w in enumerate(words))


def sentence(r: Random) -> str:
    """One sentence with its capital and its full stop or question mark.

    >>> sentence(Random(1)) == sentence(Random(1))
    True
    """
    kind = r.random()
    if kind < 0.10:
        return filled(r, r.choice([s for s in STOCK if s]))
    if kind < 0.40:
        return filled(r, r.choice(PHRASES))
    if kind < 0.48:
        body, stop = salad(r), "."
    elif kind < 0.58:
        opener = r.choice(["how", "why", "when", "where", "what", ""])
        rest = f"{noun_phrase(r) if r.random() < 0.5 else r.choice(PRONOUNS)} {r.choice(BASE)} {noun_phrase(r)}"
        body, stop = f"{opener} {r.choice(['did', 'does', 'do', 'can', 'could', 'will'])} {rest}".strip(), "?"
    elif kind < 0.62:
        body, stop = ", ".join(noun_phrase(r) for _ in range(2)) + f" and {noun_phrase(r)} {verb_phrase(r)}", "."
    else:
        body, stop = clause(r), "."
        if r.random() < 0.35:
            body += f"{r.choice([',', ''])} {r.choice(CONJUNCTIONS)} {clause(r)}"
        if r.random() < 0.25:
            opener = r.choice([o for o in OPENERS if o])
            body = opener + (body if body.startswith(("I ", *NAMES, *PLACES)) else body[0].lower() + body[1:])
    return body[0].upper() + body[1:] + stop

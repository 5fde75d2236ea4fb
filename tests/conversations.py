"""Conversations with known topics, and their words with times, for the tests of what comes after recognition."""

from __future__ import annotations

from earwitness.options import SegmentOptions
from earwitness.segments import segment
from earwitness.types import Segment, Word

WORDS_PER_S = 2.7
SENTENCE_PAUSE_S = 0.3
TURN_PAUSE_S = 0.5


def say(script: str, *, draft: bool = False, language: str = "en") -> tuple[tuple[Segment, ...], list[int]]:
    """Segments of a script, and the ids of those with which its topics begin.

    A line is `Name: text` and may go on in indented lines; a blank line begins a topic. With `draft` the words come
    without capitals and punctuation, as from a plain recogniser.
    """
    words: list[Word] = []
    topic_starts: list[float] = []
    time = 0.0
    for topic in script.strip().split("\n\n"):
        topic_starts.append(time)
        for line in topic.replace("\n    ", " ").splitlines():
            name, text = line.split(": ", 1)
            for token in text.split():
                shown = "".join(c for c in token.lower() if c.isalnum() or c in "'-") if draft else token
                length = len(token) / 5.5 / WORDS_PER_S
                words.append(Word(f" {shown}", time, time + 0.9 * length, 0.9, name))
                time += length + (SENTENCE_PAUSE_S if token[-1] in ".?!" else 0.0)
            time += TURN_PAUSE_S - SENTENCE_PAUSE_S
    segments = segment(words, (), language, SegmentOptions())
    begins = [item.start for item in segments]
    return segments, [min(range(len(begins)), key=lambda n, t=start: abs(begins[n] - t)) for start in topic_starts]


INTERVIEW = """
Anna: Hello and welcome to Small Trades, the show about people who make things with their hands. I am Anna Berg. Today
    I am talking with Tom, who keeps bees on the roof of a hotel, repairs old clocks, and once sailed alone to
    Iceland. We will talk about all three.
Tom: Thank you, Anna. It is a pleasure to be here.

Anna: Let us begin with the bees. How did a colony of bees end up on the roof of a hotel?
Tom: Well, the cook wanted his own honey. The manager was afraid that the guests would be stung, so we put the first
    hive behind the chimney. In the first summer the bees gave us forty kilos of honey. Bees in the city find more
    flowers than bees in the country, because nobody sprays the gardens and something is always in bloom.
Anna: And the guests, were they stung?
Tom: Only one, and he had knocked on the hive. That was my fault, really. Now there is a fence around the hives and a
    window, so that people can watch the queen and her workers. The honey is sold in the lobby, and the money pays for
    the hives.
Anna: Do the bees survive the winter up there?
Tom: They do, if the colony is strong. In autumn I feed them sugar and close the hive against the wind. Last winter we
    lost two of nine colonies to mites.

Anna: Your day job is repairing clocks. What sort of clocks do people bring you?
Tom: Mostly clocks that they inherited. A grandfather clock stops when its owner dies, people say, but usually it
    stops because nobody has oiled it. The pendulum is fine, the springs are fine, and the oil has turned to glue.
Anna: What was the most difficult repair?
Tom: A church clock from 1790. The gears were cut by hand and every tooth was different, so I had to make a new wheel
    with a file. It took me seven weeks. When the clock struck twelve for the first time, the whole village stood in
    the square and applauded.
Anna: Is anybody learning the trade?
Tom: Very few. There are perhaps thirty clockmakers left in the country, and most of them are older than I am. I have
    an apprentice now, and she is better with small gears than I ever was.

Anna: Now, you once took a boat to Iceland, all alone. Why?
Tom: I had read too many books about sailing. I bought a wooden boat of eight meters, and I sailed from Bergen in
    June. On the fourth day a storm broke the mast. I tied what was left of the sail to an oar and drifted north for
    two days.
Anna: Were you afraid?
Tom: I was too busy to be afraid. The boat took on water, and I had to pump every hour. In the end a fishing boat saw
    my light and towed me into the harbor at Seydisfjord. The sailors gave me soup and would not take any money. I
    have never sailed alone again since that storm.

Anna: That is a good place to stop. Thank you for coming, Tom.
Tom: Thank you, it was fun.
Anna: That was Small Trades. If you liked the show, tell a friend about it. Until next week, goodbye.
"""

ISLAND = """
Emma: Welcome back to the quiet island podcast. I am Emma, and today we talk about the old harbor, the weather station
    and the radio museum.
Emma: My guest is Victor, who studied the small island near Lisbon. Victor is an engineer and a writer. Welcome to the
    show.
Victor: Thank you for having me, Emma. It is certainly a beautiful morning to be here.

Emma: First, let me ask you about the old harbor. What happened when the bridge collapsed?
Victor: The storm destroyed the bridge on Sunday, and the harbor was closed. Every family on the island needs that
    bridge, because the hospital and the school are on the other side of the river.
Emma: How did the people cross the river after that?
Victor: The farmers built a wooden boat in twelve days. The boat carried bread, water and medicine to the village
    every morning. Nobody believed that the boat was safe, but it crossed the river two times each day until the
    winter.
Emma: And what did the government do?
Victor: The government discussed the budget, and nothing changed. So the island bank opened a loan, and the engineers
    designed a concrete bridge. The new bridge costs nine percent of the harbor budget. I think it is expensive, but
    it is safe.

Emma: Our next topic is the weather station. Who measures the weather on such a small island?
Victor: A teacher and her students do. They measure the temperature, the wind and the rain three times a day. The
    station is a white box behind the school.
Emma: Is that exact enough for science?
Victor: Yes. The university compared the numbers of the station with a satellite, and the difference was very small.
    In forty years the students missed only two days. The wind broke the instruments once, and once a goat ate the
    notes.
Emma: What do the measurements show?
Victor: The summers are warmer, and the rain comes later in the year. The temperature of the water has risen by one
    degree.

Emma: Finally, let us talk about the radio museum. How many radios are there?
Victor: There are three hundred radios in an old cinema. The oldest radio was made in 1921, and it still plays music.
    A visitor may turn every button.
Emma: Who collected them?
Victor: A postman named Carlos. He repaired radios for his neighbors, and when they bought new ones, they gave him the
    old ones. After his death the family opened the museum. Now twenty visitors come every week, and the museum sells
    recordings of old radio plays.

Emma: Thank you very much, Victor. That was our program for today.
Victor: Thank you for the conversation.
Emma: Dear listeners, write to us and tell us about your island. Goodbye, and see you next week.
"""

OCTOPUS = """
Mike: Hey everybody, good morning and welcome to The Long Table. I'm Mike Alvarez, and with me as always is my
    co-host, Jenny Park.
Jenny: Hi Mike, hi everyone.
Mike: Today on the show, we've got Dr. Ruth Okafor. She's a marine biologist who has spent the last fifteen years
    studying octopuses, and she's just published a book about it. Ruth, thanks so much for joining us.
Ruth: Thanks for having me. I'm a big fan of the show.

Jenny: So Ruth, I have to start with the obvious one. Are octopuses really as smart as people say?
Ruth: You know, it depends on what you mean by smart. An octopus has about five hundred million neurons, which is
    roughly what a dog has. But two thirds of those neurons are in the arms, not in the brain. So each arm can taste,
    touch and make decisions on its own.
Mike: Wait, the arms think by themselves?
Ruth: In a way, yes. If you give an octopus a maze, the arm figures out the path while the brain is busy with
    something else. We had one in the lab, we called her Matilda, who learned to open a childproof jar in under four
    minutes. Um, and then she learned to close it again, with herself inside.
Jenny: That's hilarious. Do they recognize people?
Ruth: They absolutely do. One of my students was squirted with water every single time she walked past the tank.
    Nobody else, just her. Octopuses remember faces, and they hold grudges.

Mike: Okay, I want to shift gears and talk about the field work, because the stories in the book are wild. You were
    diving under the ice in Antarctica?
Ruth: Yeah, for two seasons. The water is minus one point eight degrees, so you wear a dry suit and you have maybe
    forty minutes before your hands stop working. You drill a hole through two meters of ice, and that hole is your
    only way out.
Mike: I would never do that.
Ruth: The first dive, my regulator froze open. The air was just pouring out of the tank. My dive buddy shared her air
    with me and we swam back to the hole together. After that dive we changed all the regulators and we carried a
    spare tank on the line.
Jenny: And what were you looking for down there?
Ruth: We wanted to know how cold water octopuses keep their blood flowing. Their blood is blue, it carries copper
    instead of iron, and in the cold it gets thick. It turns out that they pack much more of the copper protein into
    the blood than their cousins in warm water do.

Jenny: Let's talk about the book itself. Was it hard to write for a general audience after years of scientific papers?
Ruth: Oh, it was terrible. My editor sent back the first chapter with one sentence on it. It said, who is this for? So
    I threw it away and I wrote the whole thing again as letters to my grandmother, who never finished school but was
    curious about everything.
Mike: I love that. Did she read it?
Ruth: She passed away before it was published. But she heard the first three chapters, I read them to her on the
    phone. She told me to put in more jokes. The publisher printed four thousand copies at first, and now the book is
    in its sixth printing and has been translated into eleven languages.
Mike: What's the next book about?
Ruth: Squid. My editor is already nervous.

Mike: Well, that's all the time we have. Ruth Okafor, thank you so much for coming on the show. The book is called
    Nine Brains, and it's out now wherever you buy books.
Ruth: Thank you both, this was a lot of fun.
Jenny: And thanks to all of you for listening. If you enjoyed this episode, please leave us a review. We'll be back
    next Tuesday. Bye!
"""

TOPICS = {
    "bread": """The baker mixes flour and water the evening before. A sour dough needs twelve hours to rise in a cool
    kitchen.
        Good flour makes the crust dark and the crumb open. Bakers fold the dough four times to make it strong.
        The oven must be very hot when the loaf goes in. Steam in the oven keeps the crust soft while the bread rises.
        A loaf is done when it sounds hollow. Fresh bread should rest before anybody cuts the crust.
        Yeast works faster in a warm kitchen, but slow dough tastes better. Rye flour makes a heavy loaf.""",
    "stars": """A telescope gathers the light of stars that are too faint for the eye. The largest telescope has a
    mirror of ten meters.
        Every star is born in a cloud of gas. Astronomers measure the color of a star to learn its temperature.
                A heavy star burns its hydrogen quickly and ends as a supernova. Our galaxy holds more than a hundred
        billion stars.
        The planets of other stars are found when they dim the light. Astronomers wait for dark nights without a moon.
        The light of a distant galaxy is older than our planet. A mirror in space sees the galaxy without the air.""",
    "football": """The team lost the first match of the season. The coach changed the defense before the second match.
                The striker scored three goals, and the fans sang all night. A good keeper shouts at his defenders the
        whole match.
        The referee showed a red card after the foul. The club sold its best striker to pay for the stadium.
        The players train twice a week in the old stadium. The fans of the other club were quiet after the third goal.
        The coach said that the team deserved the cup. Next season the club plays in the first league.""",
    "taxes": """The minister wants to lower the tax on income. The budget of the state has a deficit of nine billion.
        Companies pay less tax than workers, said the opposition. The parliament votes on the budget in December.
        Economists expect that inflation falls to two percent. The bank raised the interest rate again.
                A higher interest rate makes loans expensive for companies. The minister of finance defended the
        deficit in parliament.
        Voters fear inflation more than debt. The opposition asked for a new tax on large fortunes.""",
    "forest": """The oak is the oldest tree in this forest. Beetles have killed the spruce on the northern hills.
        The foresters plant beech and maple where the spruce died. A dead tree is home to beetles and birds.
        Deer eat the young shoots, so hunters must help the forest. The roots of an oak reach deep water in dry summers.
        Mushrooms connect the roots of the trees. In spring the birds nest in the old beech.
        The foresters mark every tree that may be cut. Leaves on the ground keep the soil of the forest wet.""",
}
"""Ten sentences on each of five topics."""


SWEDISH = """
A: Bagaren blandar mjöl och vatten på kvällen.
A: En surdeg behöver tolv timmar för att jäsa i ett kallt kök.
A: Gott mjöl gör skorpan mörk och brödet luftigt.
A: Bagare viker degen fyra gånger för att göra den stark.
A: Ugnen måste vara mycket het när brödet gräddas.
A: Ånga i ugnen håller skorpan mjuk medan brödet jäser.
A: Brödet är klart när det låter ihåligt.
A: Färskt bröd ska vila innan någon skär i skorpan.
A: Jästen arbetar snabbare i ett varmt kök, men långsam deg smakar bättre.
A: Rågmjöl ger ett tungt bröd.

A: Ett teleskop samlar ljuset från stjärnor som är för svaga för ögat.
A: Det största teleskopet har en spegel på tio meter.
A: Varje stjärna föds i ett moln av gas.
A: Astronomer mäter stjärnans färg för att lära sig dess temperatur.
A: En tung stjärna bränner sitt väte snabbt och slutar som supernova.
A: Vår galax har mer än hundra miljarder stjärnor.
A: Planeter hos andra stjärnor hittas när de dämpar ljuset.
A: Astronomer väntar på mörka nätter utan måne.
A: Ljuset från en avlägsen galax är äldre än vår planet.
A: En spegel i rymden ser galaxen utan luft.

A: Laget förlorade säsongens första match.
A: Tränaren ändrade försvaret före den andra matchen.
A: Anfallaren gjorde tre mål, och fansen sjöng hela natten.
A: En god målvakt ropar på sina försvarare hela matchen.
A: Domaren visade rött kort efter foulen.
A: Klubben sålde sin bästa anfallare för att betala arenan.
A: Spelarna tränar två gånger i veckan på den gamla arenan.
A: Fansen till den andra klubben var tysta efter det tredje målet.
A: Tränaren sade att laget förtjänade cupen.
A: Nästa säsong spelar klubben i högsta ligan.
"""
"""A language without a list of stop words."""

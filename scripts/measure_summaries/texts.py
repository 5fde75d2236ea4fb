"""Texts on ten topics, as somebody would tell them, each with a summary in other words; written for this project."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """What is told, and what somebody who has heard it would say that it was about."""

    name: str
    told: str
    summary: str


TEXTS = (
    Text(
        "glacier",
        """I spent four summers on a glacier above our village, drilling poles into the ice. Every pole is eight meters
        long, and in spring it disappears in the snow. By September most of it stands in the open air, and that
        tells us how much ice has melted. When my grandfather measured the same glacier in the fifties, he lost half
        a meter of ice in a summer. Last year we lost three meters. The tongue of the glacier used to end beside the
        chapel, and now you walk for an hour to reach it. What worries the farmers is the water. In July and August
        the stream comes almost wholly from melting ice. For a while there is more water than before, because more
        ice melts. Then there will be a year when the glacier is too small, and the stream runs dry in the hottest
        weeks. The village has begun to build a reservoir above the old pasture. It is meant to catch the snow water
        in spring and give it back in August. I think we will need it in fifteen years, perhaps earlier. People ask
        me whether it is sad to measure something that is dying. It is a little like visiting an old neighbor, you
        go because somebody should.""",
        """The ice of a glacier above the village now loses three meters each summer, where it once lost half a meter.
        Soon the glacier will be too small to feed the stream in August, so the village is building a reservoir that
        catches snow water in spring.""",
    ),
    Text(
        "coffee",
        """Most people think that a dark roast is a strong coffee, and that is not true. The longer you roast the bean,
        the more of its own taste you burn away. I roast small batches of twelve kilos in an old machine from
        Portugal. The bean comes to me green and smells of hay. After eight minutes it turns yellow, and after ten
        you hear the first crack, like popcorn. That crack is steam that bursts the bean open. From there on every
        ten seconds make a difference. I stop early, because I want to taste where the bean has grown. A bean from
        Ethiopia can taste of lemon and jasmine, and nobody believes me until they try it. What you do at home
        matters just as much. Grind the beans right before you brew, because ground coffee loses half of its aroma
        within an hour. Do not use boiling water, let the kettle stand for a minute. And weigh the coffee, sixty
        grams for a liter of water. The most common mistake is an old grinder with blunt blades. It makes dust and
        splinters at once, the dust becomes bitter and the splinters stay sour.""",
        """A roaster explains that dark roasting burns away the taste of the bean, so she stops soon after the first
        crack. At home, coffee should be ground right before brewing, weighed, and made with water that does not
        boil; a blunt grinder is the most common mistake.""",
    ),
    Text(
        "printing",
        """Before the printing press a monk needed about two years to copy a Bible. A workshop in Mainz printed a
        hundred and eighty of them in roughly the same time. The idea that made it possible was not the press,
        presses for wine and paper were old. It was the type, small letters of metal that could be used again and
        again. Every letter was first cut into the end of a steel punch. The punch was struck into copper, and that
        gave a mold. Then lead was poured into the mold, mixed with tin and antimony so that it would set fast and
        hard. A good caster made four thousand letters in a day. The ink was a problem as well, because the ink of
        the scribes ran off the metal. The printers boiled linseed oil and soot until it was as thick as honey.
        Within fifty years there were presses in more than two hundred towns. Books became cheaper by four fifths.
        And with the books came handbills, calendars and quarrels. A pamphlet that was printed on Monday could be
        read in the next town on Wednesday. No bishop and no council knew how to stop that.""",
        """What made printing possible was metal type that could be used again, cast from molds in lead, and a thick
        ink of oil and soot. Within fifty years presses stood in two hundred towns, books became far cheaper, and
        pamphlets spread faster than anybody could stop them.""",
    ),
    Text(
        "chess",
        """My father taught me chess on a board with a bottle cap for the missing rook. I lost every game until I was
        eleven. Then a teacher at school gave me a book of endgames, and I worked through it in one winter. That is
        still my advice to every beginner, learn the endgame first. An opening is a list of moves that somebody else
        has found. An endgame teaches you what a single pawn is worth. When only kings and pawns are left, one
        wasted move decides the game. Today the children in our club all have a computer that plays better than any
        champion. It shows them the best move, and it does not tell them why. So in the club we analyze without the
        computer for an hour, and only then we look. I was afraid at first that the machines would kill the game.
        The opposite has happened. More people play chess now than ever, most of them on the phone, in the train. A
        game on the phone lasts three minutes, and nobody learns much from it. A long game of four hours is another
        thing. You sit opposite somebody, you both suffer, and you shake hands in the end.""",
        """A chess teacher tells beginners to learn the endgame before openings, because there every move and every
        pawn counts. Computers show the best move without its reason, so the club first analyzes without them; they
        have not killed the game, for more people play than ever.""",
    ),
    Text(
        "whales",
        """A humpback whale sings for hours, and all the males of one sea sing the same song. In the course of a year
        the song changes, and every male changes with it. We put microphones on buoys, a hundred kilometers apart,
        and we still heard the same animal on three of them. Low sounds travel far in the sea, much farther than
        light. Blue whales can probably hear each other across half an ocean. Or they could, before there were
        engines. A large freighter makes a noise at exactly the pitch at which these whales call. Since the sixties
        the noise has doubled every ten years in some shipping lanes. We saw what that means when the port was
        closed for a week. The whales called more softly, and they came closer to each other to feed. Their dung had
        less of a hormone that shows stress. There is a simple remedy, ships could sail more slowly. A ship that
        slows down by a fifth makes only half the noise, and burns less fuel as well. Canada has tried that in a
        strait near Vancouver, and most captains took part. The propellers are the other half of the story, a
        propeller that does not make bubbles is quiet.""",
        """Whales call each other over great distances, but the noise of ships covers their voices and stresses them,
        as a week without traffic showed. Ships that sail a fifth more slowly make half the noise, and quieter
        propellers would help as well.""",
    ),
    Text(
        "trains",
        """I have worked as an attendant on night trains for nineteen years. When I began, there were nine lines from
        our city, and a few years ago there was one. The airlines were cheap, and the carriages were older than I
        am. Nobody wanted to invest in sleeping cars. Then something changed, I would say it was the young people.
        They book months ahead, they bring their own sheets, and they talk about carbon. Now the railway has ordered
        thirty new trains, and we are hiring. A night train needs a different timetable from a day train. It must
        leave after dinner and arrive before breakfast, so sometimes we stand in a siding for two hours just to be
        late enough. The border police come at three in the morning, and I try to hold all the passports so that
        nobody must wake. The most important thing that I do is coffee at six. The second is to listen. People tell
        a stranger in a corridor at midnight what they do not tell at home. The problem today is not the passengers,
        it is the tracks. They are repaired at night, exactly when we want to run. If the repairs were planned
        together across the borders, there could be twice as many night trains.""",
        """Night trains had almost vanished because of cheap flights and old carriages, but young travellers have
        brought them back, and the railway has ordered thirty new ones. What holds them up today are tracks that are
        repaired at night without a common plan.""",
    ),
    Text(
        "volcano",
        """The island where I live is the tip of a volcano that rises three thousand meters from the sea floor. We have
        forty stations on it, and each of them records how the ground trembles. Before an eruption the magma pushes
        the rock apart, and that makes thousands of small earthquakes. They begin at eight kilometers and come up,
        day by day. In September we saw them climb for a week, and the slope swelled by twenty centimeters. So we
        told the mayor that it was time, and five thousand people left the valley in one night. The lava came on a
        Sunday, at three in the afternoon, through a banana plantation. It was slow, you could have walked away from
        it. But it does not stop for a house or a church. In eighty-five days it covered more than a thousand
        houses. Nobody died in the lava, and that is what I am proud of. The harder part is what came after. The
        ground is still hot under the new rock, and gas comes up in the cellars. People want to go home, and I have
        to tell them that the air in their bedroom would kill them. Geologists are trained for eruptions and not for
        that.""",
        """Stations on the island saw small earthquakes climb and the slope swell before the eruption, and five
        thousand people left the valley in time. The lava destroyed more than a thousand houses and killed nobody,
        but gas in the cellars still keeps people from going home.""",
    ),
    Text(
        "library",
        """Our library lends drills, tents and a sewing machine, and people still ask whether it has books. It has
        forty thousand of them. What I noticed in my first year was that many readers do not come for the shelves at
        all. They come because it is warm, because there is a table, and because nobody asks them to buy anything. A
        student prepares for an examination beside a man who has slept in the park. So we stopped counting loans and
        began to count visits. The loans had fallen by a third in ten years, and the visits had doubled. When the
        town wanted to close two branches, those numbers saved them. We opened on Sundays, with volunteers at the
        desk. Some colleagues feared that things would be stolen. In three years we have lost one drill, and it came
        back with an apology. The children's room is the loudest place in the building, and it should be. A quiet
        floor is upstairs, and there the rule is strict. If I had money for one thing, I would buy chairs. There are
        never enough chairs.""",
        """Readers now come to the library for its warmth and its tables as much as for books: loans have fallen by a
        third while visits have doubled. Counting visits saved two branches from being closed, and opening on
        Sundays with volunteers has worked without thefts.""",
    ),
    Text(
        "bread",
        """I became a baker at forty, after twenty years in an insurance office. The first loaf I sold was burnt, and
        the customer came back the next day. A bakery begins at two in the morning, and in the first month I fell
        asleep in the bus twice. Our dough is only flour, water and salt. It rests for a whole day in the cold, and
        the long rest is what makes it taste. An industrial dough is ready in two hours, with yeast and a dozen
        additives. People who believe that they cannot eat wheat often can eat a bread that had time. I am no
        doctor, and I do not promise anything. The flour comes from a mill thirty kilometers away, and I know the
        three farmers. Their wheat grows tall and gives a small harvest. I pay them almost double, and so a loaf
        costs six euros. Some neighbors find that shameless. But we are sold out at ten, every day except Monday.
        What is left over goes to the school. I earn less than at the insurance, and I would never go back.""",
        """A former insurance clerk bakes bread from flour, water and salt that rests for a day, unlike industrial
        dough with its yeast and additives. He pays three farmers nearby almost double for their wheat, so a loaf
        costs six euros, and still he is sold out by ten.""",
    ),
    Text(
        "maps",
        """In the archive there are eleven thousand maps, and about a third of them are wrong on purpose. Some showed a
        harbor deeper than it was, so that an enemy would run aground. Others had a village that does not exist, and
        if another publisher copied the village, he was caught. My favorite is a map of the coast from 1720. The
        captain who drew it measured the depth with a lead and a rope, from a rowing boat, for two summers. When we
        compared it with a modern chart, most of his depths were right within half a meter. Where they were not, the
        sand had moved. So the old map became a tool for people who plan dikes. They can see how the sand banks have
        travelled in three hundred years. We scan every sheet, and then volunteers mark points that they recognize,
        a church or a bridge. With twenty such points the computer can lay the old map over the new one. Two hundred
        volunteers have done six thousand maps. The paper itself is in good condition, because it was made from
        rags. The maps of the twentieth century are the ones that crumble. Their paper is made from wood, and the
        acid eats it.""",
        """Many maps in the archive are wrong on purpose, but a captain's chart of 1720 was so exact that planners of
        dikes use it to see how sand banks have moved. Volunteers mark known points on scanned maps so that a
        computer can lay them over new ones; the paper of wood from the last century is what crumbles.""",
    ),
)

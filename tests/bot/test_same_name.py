"""Names that look the same are the same, wherever they are compared."""

from bot.cli.access.answering import answers_to
from bot.messages.admins.namesakes import namesakes
from bot.messages.phrases.alike import told_apart
from bot.packages.questions import Choice, Question
from tests.bot.samples import held

ONE, OTHER = "Jos\u00e9", "Jose\u0301"


def test_people_whose_names_look_the_same_are_told_apart():
    """Nobody sees how an accent was typed."""
    assert told_apart({"a": ONE, "b": OTHER, "c": "Jose"}) == {
        "a": f"{ONE} (a)",
        "b": f"{OTHER} (b)",
        "c": "Jose",
    }
    rows = [
        held(entra_id=entra_id, holder_name=name)
        for entra_id, name in (("a", ONE), ("b", OTHER), ("c", "Jose"))
    ]
    assert namesakes(rows) == {"a", "b"}


def test_a_choice_is_meant_by_what_it_looks_like():
    """Also where its accent is a character of its own."""
    asked = Question(id="q", text="Who?", choices=(Choice(value="1", text=OTHER),), required=True)
    assert answers_to([asked], [f"q={ONE}"], may_ask=False) == {"q": ("1",)}

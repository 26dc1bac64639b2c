"""What an application asks whoever gets a role of it: what the file says otherwise is changed, and nothing else."""

from copy import deepcopy
from typing import Any

import pytest

from sandbox.tenant.seed import LEDGER

CHOICE: dict[str, Any] = {
    "name": "costCenter",
    "source": {
        "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
        "question": {
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "id": "0a000000-0000-4000-8000-000000000001",
            "text": "Which cost center pays?",
            "localizations": [{"languageCode": "de", "text": "Wer zahlt?"}],
            "sequence": 0,
            "isRequired": True,
            "isAnswerEditable": False,
            "isMultipleSelectionAllowed": False,
            "choices": [{"actualValue": "1", "text": "One", "localizations": []}],
        },
    },
    "destination": {"@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"},
    "isEditable": False,
    "isPersistedOnAssignmentRemoval": False,
}
ANOTHER = """
          - attribute: team
            question: Which team?
"""


@pytest.fixture
def ledger(tenant):
    """The application, which asks one question with choices."""
    ledger = next(each for each in tenant.world.resources.values() if each.origin_id == LEDGER)
    ledger.attributes = [deepcopy(CHOICE)]
    return ledger


async def imported(provisioner):
    """The lines of an import that say what applications ask, and what it leaves out."""
    found = await provisioner.import_()
    assert await provisioner.changes(found.text) == []
    return found


async def test_what_the_plan_does_not_name_is_not_changed(provisioner, ledger):
    """A second question leaves the first one's choices, translations, id and settings as they are."""
    text = (await imported(provisioner)).text
    last = "            required: yes\n"
    assert text.count(last) == 1

    await provisioner.apply(text.replace(last, last.rstrip() + ANOTHER))

    first, second = ledger.attributes
    assert first == CHOICE
    assert (second["name"], second["source"]["question"]["text"]) == ("team", "Which team?")


async def test_a_question_that_is_put_otherwise_keeps_its_choices(provisioner, ledger):
    """Only its text is another."""
    text = (await imported(provisioner)).text
    await provisioner.apply(text.replace("Which cost center pays?", "Who pays?"))

    expected = deepcopy(CHOICE)
    expected["source"]["question"]["text"] = "Who pays?"
    assert ledger.attributes == [expected]


async def test_an_import_names_what_the_file_has_no_words_for(provisioner, ledger):
    """A question with choices is more than its text."""
    left_out = (await imported(provisioner)).left_out
    assert (
        "how application Contoso Ledger in catalog General asks for costCenter, beyond the question: "
        "an apply leaves it as it is"
    ) in left_out


@pytest.mark.made_up("questions that the portal does not write")
@pytest.mark.parametrize("text", [None, "Which\ncost center?", "Which\x01?"])
async def test_a_question_that_would_read_otherwise_is_not_written(provisioner, ledger, text):
    """What the application asks is left alone, and named."""
    ledger.attributes[0]["source"]["question"]["text"] = text
    found = await imported(provisioner)
    assert "        asks:" not in found.text
    assert any(
        "Contoso Ledger in catalog General asks: it would" in each for each in found.left_out
    )


async def test_nothing_more_is_asked_where_the_list_is_empty(provisioner, ledger):
    """It is sent as an empty list: what it means to leave it out is not documented."""
    text = (await imported(provisioner)).text
    head, _, rest = text.partition("        asks:\n")
    await provisioner.apply(f"{head}        asks: []\n{rest[rest.index('required: yes') + 14 :]}")
    assert ledger.attributes == []

"""Guided rows: the rehearsal sends something to the tester, who says what they see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.cli.rehearsal.bench import Bench
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.model import (
    Experiment,
    ExperimentOutcome,
    Observation,
    as_assumed,
    otherwise,
)
from bot.cli.rehearsal.slack import SLACK, TEXT, direct_message
from bot.messages.blocks import parts
from bot.messages.blocks.data_blocks import bar_chart, data_table, text_cell

SHOWS: Final = "sends a direct message to you, asks what you see, and deletes it"
IN_DAYS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Look:
    """
    Something to look at.

    Attributes:
        message: What is sent: "text", and "blocks" if there are some.
        do: What to do, a sentence; empty: just look.
        ask: A question whose yes is what Latchkey takes for granted.
    """

    name: str
    row: str
    question: str
    message: Mapping[str, Any]
    ask: str
    do: str = ""

    async def run(self, bench: Bench) -> Observation:
        """Send it, ask, and delete it."""
        if bench.at_hand is None:
            raise NotPossible("it takes somebody who looks: leave out --yes")
        slack, channel = await direct_message(bench)
        sent = await slack.call("chat.postMessage", channel=channel, **self.message)
        if sent.error:
            return otherwise(f"the message is refused: {sent.error}")
        try:
            if self.do:
                await bench.at_hand.show(self.do)
            answer = await bench.at_hand.answer(self.ask)
        finally:
            await slack.call("chat.delete", channel=channel, ts=sent.body.get("ts"))
        return seen(answer, self.ask)

    @property
    def experiment(self) -> Experiment:
        """Return it as an experiment like any other."""
        return Experiment(
            name=self.name,
            rows=(self.row,),
            question=self.question,
            service=SLACK,
            run=self.run,
            writes=SHOWS,
            is_guided=True,
        )


def seen(answer: str, asked: str) -> Observation:
    """Return what a tester's answer to a question says, whose yes is what Latchkey takes for granted."""
    if answer == "y":
        return as_assumed(f"yes: {asked}")
    if answer == "n":
        return otherwise(f"no: {asked}")
    return Observation(ExperimentOutcome.LEFT_OUT, "the tester did not say")


def _message(*texts: str) -> dict[str, Any]:
    return {"text": TEXT, "blocks": [parts.section(each) for each in texts]}


def _later() -> str:
    at = datetime.now(UTC) + timedelta(days=IN_DAYS)
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} ({{ago}})|later>"


def _card() -> dict[str, Any]:
    """Return an approval card of made-up people, whose buttons do nothing."""
    text = "*Ann Abara* asks for *Finance Reports*, 30 days\n> Quarterly closing, CHG-1234"
    return {
        "text": TEXT,
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
            {
                "type": "actions",
                "elements": [
                    _button("Approve", "primary"),
                    _button("Deny", "danger"),
                ],
            },
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "Also asked: *Bo Brandt* · stage 1 of 2"}],
            },
        ],
    }


def _button(label: str, style: str) -> dict[str, Any]:
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": label},
        "action_id": f"latchkey_rehearsal_{style}",
        "value": "rehearsal",
        "style": style,
    }


def _data() -> dict[str, Any]:
    chart = bar_chart(
        "Rehearsal",
        {"Asked": [3, 5], "Granted": [2, 5]},
        ["May", "June"],
        x_label="Month",
        y_label="Requests",
    )
    rows = [[text_cell(f"Package {number}"), text_cell("30 days")] for number in range(12)]
    table = data_table("Rehearsal", ("Package", "How long"), rows, block_id="rehearsal")
    return {"text": TEXT, "blocks": [chart, table]}


LOOKS: Final = (
    Look(
        name="escaped-names",
        row="Whether Slack takes `*`, `_`, `~`",
        question="Does Slack take signs in an escaped name for a format?",
        message=_message(
            f"Asked for: {parts.escape('*a* _b_ ~c~ `d` x_y_z')}",
            f"In bold: {parts.bold('*a* _b_ x_y_z')}",
        ),
        ask="Do both lines show every sign of *a* _b_ x_y_z, with nothing but the second line's name in bold?",
    ),
    Look(
        name="ago",
        row="What Slack's `{ago}` writes",
        question="What does Slack write for {ago} about a date that is to come?",
        message=_message(f"It ends {_later()}."),
        ask=f"Does it say, behind the date, that it is {IN_DAYS} days from now (such as “in {IN_DAYS} days”)?",
    ),
    Look(
        name="cards",
        row="How cards, Home and forms look",
        question="How does a card look in Slack's own apps, on phones, in dark mode, with a screen reader?",
        message=_card(),
        do="Look at the card in Slack on a desktop and a phone, in light and dark mode; open the app's Home and `/request-access` too. Have a screen reader read it if you can.",
        ask="Is all of it there, legible, in order, and are the buttons told apart?",
    ),
    Look(
        name="data-blocks",
        row="Whether workspaces take `data_visualization`",
        question="Does the workspace take a chart and a data table, and how do they look?",
        message=_data(),
        do="Sort the table by a column and turn its page.",
        ask="Are there a chart with two series and a table of twelve rows that can be sorted and turned over?",
    ),
)
LOOKING: Final = tuple(each.experiment for each in LOOKS)

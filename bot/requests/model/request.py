"""One request, from the command to its end; and the ids by which others name it."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.packages.model import Stage, Terms
from bot.packages.questions import Answered, Answers, answered
from bot.requests.model.evidence import DecidedThere, Evidence
from bot.requests.model.states import DECLINED, MOVES, REMOVED_MEANWHILE, SENDING, Kind, State
from graph.values import moment_after

# 128 random bits in hex, and a byte each for round and stage.
ASK_ID_LENGTH: Final = 36


# What Graph calls access that somebody gives back in their own name.
OWN_REMOVAL: Final = "userRemove"


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    One request, from the command to its end.  Times are aware UTC.

    Attributes:
        wanted_for: For whom somebody else asks, by Slack id; they become the holder once it is known that whoever asks
            may do so.  None: people ask for themselves.
        answers: What was answered to the policy's questions, by question id.
        wanted_policy_id: The policy that the person chose, where several let them ask.
        starts_at: From when on they want it; None: at once.
        ends_at: Until when they want it, or have it; None: for as long as the policy gives.
        access_ended_at: When the access ended that was to be extended; the request is one for new access since then.
        evidence: What those who decide are shown beside what is asked for; no part of what they approve.
        approvals: How many have approved the current stage, of as many as its quorum says.
        deciders: Slack users who are asked about the current stage, as far as they have been found.
        waits_since: When the stage began that waits for a decision.
        reminded_at: When whoever asked last had those reminded who decide this stage.
        nudge_at: When to look, while it is pending, whether somebody is to be nudged.
        emergency: It is asked for without an approval, and reviewed afterwards.
        no_emergency_why: Why what was asked for as an emergency is a request like any other, a sentence.
        unnamed: The policy was seen to name nobody who could decide the current stage.
        nobody_left: Nor was any admin seen who could.
        sent_as: What Graph calls the request that was, or is to be, sent, where that is not said by its kind and terms alone;
            of one that was found in Entra, only if a Latchkey seems to have sent it.
        cancel_wanted_at: Since when whoever asked wants it canceled in Entra, which has it.
        not_canceled_why: Why Entra does not cancel it, although nobody has decided it there; they are told.
        decided_there: What was decided about it in Entra, and not by Latchkey's buttons, as far as that could be read.
        needs_account_at: Since when it waits until whoever asked has connected their Microsoft account; a removal, until
            the request in Entra is over that needs that to be canceled.
        retry_by, give_up_by: The admin who takes it off hold; checked before it counts.
        cancel_by, cancel_why: The admin who cancels it because its person leaves, and why; checked before it counts.
    """

    id: str
    kind: Kind
    state: State
    holder: str | None
    asked_by: str
    package_id: str
    package_name: str
    asked_at: datetime
    updated_at: datetime
    entra_id: str | None = None
    holder_name: str | None = None
    assignment_id: str | None = None
    justification: str | None = None
    wanted_for: str | None = None
    answers: Answers = field(default_factory=dict)
    wanted_policy_id: str | None = None
    terms: Terms | None = None
    terms_hash: str | None = None
    evidence: Evidence | None = None
    round: int = 0
    stage: int = 0
    escalated: bool = False
    approvals: int = 0
    deciders: tuple[str, ...] = ()
    unnamed: bool = False
    nobody_left: bool = False
    lapses_at: datetime | None = None
    escalates_at: datetime | None = None
    waits_since: datetime | None = None
    reminded_at: datetime | None = None
    nudge_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    access_ended_at: datetime | None = None
    emergency: bool = False
    no_emergency_why: str | None = None
    why: str | None = None
    tell_admins: bool = False
    graph_request_id: str | None = None
    intent_at: datetime | None = None
    settles_at: datetime | None = None
    gone_at: datetime | None = None
    needs_account_at: datetime | None = None
    sent_as: str | None = None
    cancel_wanted_at: datetime | None = None
    not_canceled_why: str | None = None
    decided_there: tuple[DecidedThere, ...] = ()
    generation: int = 0
    version: int = 0
    attempts: int = 0
    lease_until: datetime | None = None
    due_at: datetime | None = None
    failures: int = 0
    held_at: datetime | None = None
    retry_by: str | None = None
    give_up_by: str | None = None
    cancel_by: str | None = None
    cancel_why: str | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in MOVES

    @property
    def is_declined(self) -> bool:
        """True if the person whom somebody else asked for did not want it."""
        return self.state is State.CANCELED and self.why == DECLINED

    @property
    def is_canceled_by_admin(self) -> bool:
        """True if an admin has canceled it with the removal of all that the person has."""
        others = (None, "", DECLINED, REMOVED_MEANWHILE)
        return self.state is State.CANCELED and self.why not in others

    @property
    def is_canceled_for_removal(self) -> bool:
        """True if it is an extension that was canceled because the access was to be removed."""
        return self.state is State.CANCELED and self.why == REMOVED_MEANWHILE

    @property
    def is_on_behalf(self) -> bool:
        """True if somebody asks for somebody else."""
        return self.wanted_for is not None

    @property
    def entra_decides(self) -> bool:
        """True if it is asked for and decided in Entra, in people's own name; not known before it is evaluated."""
        return self.terms is not None and self.terms.entra_decides

    @property
    def can_be_withdrawn(self) -> bool:
        """True while it is open, and nothing of it can have reached Entra."""
        is_before = self.state in {State.RECEIVED, State.PENDING, State.APPROVED}
        return is_before and (self.intent_at is None or self.is_back_from_sending)

    @property
    def is_back_from_sending(self) -> bool:
        """True if it is judged or decided once more: what was sent has been looked for, and has had its time to come."""
        is_waiting = self.state in {State.RECEIVED, State.PENDING} and not self.entra_decides
        return is_waiting and self.graph_request_id is None

    @property
    def can_be_canceled_in_entra(self) -> bool:
        """
        Tell whether Entra has it and is not known to have decided it, or has not begun with it, and nobody has wanted it canceled yet.

        What is stuck there, Entra does not show: that is for an admin.
        """
        if self.held_at is not None:
            return False
        is_there = self._may_end_in_entra
        is_known = self.entra_decides and self.graph_request_id is not None
        return is_there and is_known and not self.is_being_canceled

    @property
    def can_be_canceled(self) -> bool:
        """True while whoever asked may still cancel it, here or in Entra."""
        return self.can_be_withdrawn or self.can_be_canceled_in_entra

    @property
    def is_being_canceled(self) -> bool:
        """True while it is to be canceled in Entra, and Entra has not said what becomes of that."""
        return (
            self._may_end_in_entra
            and self.cancel_wanted_at is not None
            and self.not_canceled_why is None
        )

    @property
    def is_scheduled(self) -> bool:
        """True while nothing is left but to wait for the moment from which on the access was asked for."""
        begins_later = self.starts_at is not None and self.starts_at > clock.now()
        is_decided = self.waits_since is not None or not (self.terms and self.terms.stages)
        is_there = self.state is State.SUBMITTED and (is_decided or not self.entra_decides)
        return self.kind is Kind.ADD and begins_later and is_there

    @property
    def _may_end_in_entra(self) -> bool:
        """Tell whether Entra, which decides it, would cancel it for whoever asked, as far as that is known here."""
        is_undecided = self.state is State.PENDING or self.is_asked_for_in_entra
        return is_undecided or (self.entra_decides and self.is_scheduled)

    @property
    def is_canceled_in_entra(self) -> bool:
        """True if Entra, which had it, shows it canceled; whoever asked can do that, and the tenant's administrators."""
        is_there = self.entra_decides and self.graph_request_id is not None
        return self.state is State.CANCELED and is_there and not self.why

    @property
    def is_decided_in_entra_alone(self) -> bool:
        """True if Entra decides it and somebody must approve it there: that no button of ours was pressed says nothing."""
        return self.entra_decides and self.terms is not None and bool(self.terms.stages)

    @property
    def shown_state(self) -> str:
        """Return the state in the word that logs, lists and events have for it."""
        is_sending = self.entra_decides and self.state is State.APPROVED
        return SENDING if is_sending else self.state

    @property
    def is_asked_for_in_entra(self) -> bool:
        """True if it is on its way to Entra, which decides, or there, and was not seen to be decided or to wait."""
        is_on_its_way = self.state in {State.APPROVED, State.SUBMITTED}
        return self.entra_decides and is_on_its_way and self.waits_since is None

    @property
    def is_delayed(self) -> bool:
        """True if a step had to be tried again because something outside failed or asked to wait; false of what waits in Entra."""
        is_ours = self.state in {State.RECEIVED, State.APPROVED}
        return is_ours and (self.failures > 0 or self.attempts > 0)

    @property
    def is_to_be_granted(self) -> bool:
        """True if nothing keeps it from being sent to Entra but a pause of all granting, of which its row knows nothing."""
        is_free = self.held_at is None and self.needs_account_at is None
        return self.state is State.APPROVED and self.kind is not Kind.REMOVE and is_free

    @property
    def comes_to_a_decision(self) -> bool:
        """True while nobody has to decide it, and somebody may have to: it is being checked, or on its way to Entra, which decides."""
        return self.state is State.RECEIVED or self.is_asked_for_in_entra

    @property
    def is_made_in_entra(self) -> bool:
        """True if it was made in Entra, mostly at My Access, and found there by Latchkey."""
        there = self.graph_request_id
        return there is not None and self.id == id_of_entra_request(there)

    @property
    def was_sent_before(self) -> bool:
        """
        Tell whether what was found in Entra has the words by which a Latchkey finds its own requests again.

        Its row is lost, as after a restore; or it is another Latchkey's, or somebody has copied the words.
        """
        return self.is_made_in_entra and self.sent_as is not None

    @property
    def asker_entra_id(self) -> str | None:
        """Return the Entra id of who asks for somebody else; None if people ask for themselves, or it is not known yet."""
        return self.terms.asker.id if self.terms and self.terms.asker else None

    @property
    def is_refused(self) -> bool:
        return self.state is State.REFUSED

    @property
    def current_stage(self) -> Stage | None:
        """Return the stage that is being decided, or None when none is."""
        if self.terms is None or self.stage >= len(self.terms.stages):
            return None
        return self.terms.stages[self.stage]

    @property
    def approvals_needed(self) -> int:
        """Return how many different people must approve the stage that is being decided."""
        return self.current_stage.quorum if self.current_stage else 1

    @property
    def approved_until(self) -> datetime | None:
        """Return the earliest end that an approver has set; None: nobody has set one."""
        until = self.terms.approved_until if self.terms else None
        return datetime.fromisoformat(until) if until else None

    @property
    def granted_end(self) -> datetime | None:
        """Return the end that Entra is asked for; None: as long as the policy gives."""
        return min((each for each in (self.ends_at, self.approved_until) if each), default=None)

    @property
    def can_be_shortened(self) -> bool:
        """Tell whether an approver may set a shorter end: only where the end that was asked for is known."""
        terms = self.terms
        if self.kind is Kind.REMOVE or terms is None or terms.entra_decides:
            return False
        is_said = terms.longest_seconds is not None or terms.latest_end or terms.has_no_end
        return self.ends_at is not None or bool(is_said)

    def latest_end(self, now: datetime) -> datetime | None:
        """Return when the access would end that is decided at *now*; None: never, or it is not known."""
        begins = max(self.starts_at or now, now)
        ends = [self.ends_at, self.approved_until]
        if self.terms is not None and self.kind is Kind.ADD:
            if self.terms.longest_seconds is not None:
                ends.append(moment_after(begins, timedelta(seconds=self.terms.longest_seconds)))
            if self.terms.latest_end is not None:
                ends.append(datetime.fromisoformat(self.terms.latest_end))
        return min((each for each in ends if each), default=None)

    @property
    def answered(self) -> list[Answered]:
        """Return the questions that it answers, with the answers, by the terms that it is decided under."""
        return answered(self.terms.questions if self.terms else (), self.answers)

    def is_past_deadline(self, at: datetime) -> bool:
        """Tell whether the time to decide it is over at a moment (business time), also before the job lets it expire."""
        return self.lapses_at is not None and at >= self.lapses_at

    @property
    def ask_id(self) -> str:
        """Return the id that a card's buttons carry: this request, in this round and stage and no other."""
        return f"{self.id}{self.round:02x}{self.stage:02x}"

    @property
    def is_given_back(self) -> bool:
        """A removal that the holder wanted."""
        return self.kind is Kind.REMOVE and self.asked_by == self.holder


def id_of_entra_request(graph_id: str) -> str:
    """Return the id of the row of a request that was made in Entra: always the same, so that there is one row of it."""
    return hashlib.sha256(f"entra:{graph_id}".encode()).hexdigest()[:32]


def read_ask_id(ask_id: str) -> tuple[str, int, int]:
    """
    Request id, round and stage of a card's button.

    Raises:
        ValueError: It is none of ours.
    """
    if len(ask_id) != ASK_ID_LENGTH:
        raise ValueError("not an id of ours")
    return ask_id[:-4], int(ask_id[-4:-2], 16), int(ask_id[-2:], 16)

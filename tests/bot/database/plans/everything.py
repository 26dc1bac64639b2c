"""Runs every statement of the store once, whatever comes of it: a call for each, by module."""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Final

from bot import clock
from bot.accounts.model import ConnectedAccount, Purpose, SignIn, SignInOutcome
from bot.accounts.store import accounts, sign_ins
from bot.approvals.model import Outcome
from bot.approvals.store import (
    approver_questions,
    decided,
    deciders,
    decisions,
    grants,
    readers,
    recipients,
)
from bot.assignments.model import Assignment, DeliveryProgress, EndReason, TroubleKind
from bot.assignments.store import (
    asked_there,
    assignment_lists,
    assignments,
    links,
    listed,
    troubles,
    unsure,
)
from bot.auditing.model import PackScope
from bot.auditing.store import archiving, forgetting, pack_rows
from bot.database import Transaction, flags, homes, stories, tables
from bot.database.audit_log import audit, audit_chain, audit_checkpoints, audit_pages
from bot.database.connections import engine
from bot.database.replicas import deduplication, limits, outages, slack_waits, turns
from bot.database.schema import installation
from bot.drift.model import DriftKind, DriftState, Found
from bot.drift.store import approved, checks, mismatches, wanted_answers
from bot.emergencies.model import Finding, ReviewFinding
from bot.emergencies.store import closed as reviewed
from bot.emergencies.store import emergencies, findings
from bot.jobs import due
from bot.notifications import owed_work
from bot.notifications.store import notices
from bot.packages.settings.bindings import EntryBinding
from bot.packages.settings.file import NO_FILE
from bot.packages.store import catalog, settings_bindings
from bot.paging import FIRST, Mark, Start, page_number
from bot.people.model import NamedAs, Person, Verb
from bot.people.store import contacts, delegations, languages, people
from bot.reports.model import Period
from bot.reports.store import rows as report_rows
from bot.requests.decided import find_decided
from bot.requests.model import Evidence, Kind, Request, State
from bot.requests.store import (
    cancellations,
    claims,
    current_stage,
    evidence,
    forms,
    holds,
    in_graph,
    made_in_entra,
    past,
    removals,
    request_lists,
    requests,
)
from bot.retention import deletion
from bot.retention.model import Retention
from bot.webhooks.store import feeds
from tests.bot.samples import (
    ANN,
    BO,
    LEASE,
    approver_question,
    click,
    delegation,
    held,
    notice,
    offered,
    terms,
    wish,
)

HOUR: Final = timedelta(hours=1)
ANN_BOUND: Final = Person(
    slack_user="U0ANN", slack_name="Ann", entra_id=ANN, entra_name="Ann Abara"
)


def run_all(run: Callable[[Callable[[Transaction], object]], object]) -> None:
    """Everything, each module in a transaction of its own that *run* makes."""
    for each in (
        _people,
        _accounts,
        _requests,
        _request_lists,
        _claims,
        _holds,
        _decisions,
        _approver_questions,
        _recipients,
        _delegations,
        _emergencies,
        _notices,
        _assignments,
        _listed,
        _assignment_lists,
        _unsure,
        _links,
        _troubles,
        _drift,
        _reports,
        _small_ones,
        _audit,
        _webhooks,
        _forgetting,
        _archiving,
        _retention,
    ):
        run(each)


def _asked(db: Transaction, **changes: object) -> Request:
    """A new open request, each for a package of its own."""
    request = wish(**{"entra_id": ANN, **changes})
    request = replace(request, package_id=request.id)
    added = requests.add(db, request)
    assert added is not None
    return added


def _pending(db: Transaction) -> Request:
    moved = requests.move(db, _asked(db), State.PENDING)
    assert moved is not None
    return moved


def _people(db: Transaction) -> None:
    people.bind(db, ANN_BOUND)
    second = replace(ANN_BOUND, slack_user="U0ANN2")
    people.bind(db, second)
    people.second_accounts_due(db)
    people.schedule_announcement(db, second, news=None)
    people.find(db, "U0ANN")
    people.find_each(db, ["U0ANN", "U0BO"])
    people.find_active(db, "U0ANN")
    people.known_as(db, "U0ANN")
    people.find_by_name(db, "Ann Abara")
    people.names_starting_with(db, "ann", most=11)
    contacts.save(db, contacts.Contact(entra_id=BO, slack_user="U0BO", looked_up_at=clock.real()))
    contacts.find(db, [ANN, BO])
    contacts.bound_slack_users(db, [ANN, BO])
    languages.save(db, {"U0BO": "de-DE"}, read_at=clock.real())
    languages.find(db, ["U0ANN", "U0BO"])


def _accounts(db: Transaction) -> None:
    now = clock.now()
    account = ConnectedAccount(
        slack_user="U0ANN",
        entra_id=ANN,
        scopes=("A.Read",),
        is_public=False,
        connected_at=now,
        used_at=now,
    )
    accounts.connect(db, account, "sealed")
    people.prove(db, "U0ANN")
    people.proven_among(db, ["U0ANN", "U0BO"])
    people.proven_as(db, ANN)
    accounts.connected_among(db, ["ANN", "bo"])
    accounts.sealed_token(db, "U0ANN")
    assert accounts.renewed(db, account, "sealed anew")
    assert accounts.resealed(db, replace(account, version=2), "sealed with another key")
    assert accounts.challenged(db, replace(account, version=3), None)
    accounts.unused(db)
    accounts.any_unchecked(db, since=now)
    accounts.claim_unchecked(db, since=now, lease=LEASE, limit=20)
    accounts.checked(db, "U0ANN")
    accounts.used(db, "U0ANN")
    accounts.some_after(db, "")
    accounts.go_on(db, "U0ANN")
    accounts.is_asked_to_decide(db, "U0ANN")
    accounts.disconnect(db, "U0ANN", by="U0ANN")
    accounts.connect(db, account, "sealed")
    assert accounts.disconnect_untouched(db, account, by="U0ANN", why="unused")
    sign_in = SignIn(
        id="a digest",
        purpose=Purpose.CONNECT,
        slack_user="U0ANN",
        made_at=now,
        expires_at=now + HOUR,
        due_at=clock.real(),
    )
    draft = replace(click(_pending(db)), reason="It is fine.")
    decisions.add(db, draft, holder="U0ANN", holder_entra_id=ANN, is_draft=True)
    assert decisions.prove(
        db, draft, proof="a digest", proven_as=BO, signed_in_at=now, contexts=["c1"]
    )
    for number in range(sign_ins.MOST_OPEN + 1):
        sign_ins.add(db, replace(sign_in, id=f"{number}", made_at=now - HOUR))
    sign_ins.add(db, sign_in)
    sign_ins.find_open(db, sign_in.id)
    sign_ins.was_replaced(db, sign_in_id="0")
    sign_ins.was_replaced(db, state="a state")
    assert sign_ins.begin(db, sign_in.id, state="a state", browser="a browser", flow="a flow")
    sign_ins.due(db)
    assert sign_ins.claim(db, sign_in, again=clock.real() + HOUR)
    sign_ins.claim_again(db, sign_in, again=clock.real())
    assert sign_ins.take(db, "a state")
    sign_ins.take_device(db, sign_in.id)
    sign_ins.end(db, sign_in, SignInOutcome.CONNECTED, has_news=True)
    sign_ins.find(db, sign_in.id)
    sign_ins.owing_news(db)
    sign_ins.schedule_news(db, sign_in, news=None)
    sign_ins.forget_old(db)


def _requests(db: Transaction) -> None:
    request = _pending(db)
    requests.find(db, request.id)
    requests.find_locked(db, request.id)
    requests.get(db, request.id)
    requests.schedule_notices(db, request, cards=clock.real())
    assert current_stage.remind(db, request, not_since=clock.now()) is not None
    requests.look_at_entra(db, request)
    assert cancellations.want_canceled(db, request) is not None
    assert cancellations.want_canceled_for_leaver(db, request, by="U0DANA", why="Ann has left.")
    current_stage.schedule_nudge(db, replace(request, nudge_at=clock.now()), at=clock.now())
    assert current_stage.escalate(db, request)
    assert current_stage.count_approval(
        db, _pending(db), approvals=1, terms=terms(), terms_hash="as approved"
    )
    assert current_stage.change_terms(
        db, _pending(db), terms=terms(), terms_hash="with a sign-in", verb="require-sign-in"
    )
    current_stage.waiting_under(db, [terms().policy_id])
    assert current_stage.hide_approvers(db, _pending(db), terms=terms())
    requests.move(db, _asked(db, assignment_id="assignment"), State.APPROVED, fence=True)
    requests.move(db, _pending(db), State.CANCELED)
    evidence.add_history(
        db, Evidence(), entra_id="ann", package_id=request.package_id, department={"cy"}
    )


def _request_lists(db: Transaction) -> None:
    request = _asked(db)
    package, ago = request.package_id, clock.now() - HOUR
    request_lists.open_of(db, "U0ANN", package, Kind.ADD)
    request_lists.open_for_other(db, "U0MIA", "U0ANN", package)
    request_lists.open_of_each(db, ["U0ANN", "U0BO"], Kind.ADD)
    request_lists.open_for_assignment(db, "assignment")
    request_lists.open_of_user(db, ANN, package, Kind.ADD)
    removals.removal_of(db, ANN, package, since=ago)
    removals.removals_of_each(db, [ANN, "bo"], [package, "other"], since=ago)
    request_lists.open_for_assignments(db, ["assignment", "another"])
    request_lists.being_removed(db, ["assignment", "another"])
    request_lists.grants_to(db, ["U0ANN", "U0BO"], since=ago)
    request_lists.known_to_have(db, ANN, but="another")
    request_lists.open_for(db, "U0ANN")
    request_lists.open_for(db, "U0ANN", start=Start(after=Mark(ago, package)))
    request_lists.waited_for(db, "U0ANN")
    request_lists.waited_for(db, "U0ANN", start=Start(after=Mark(ago, package)))
    past.page(db, "U0ANN")
    past.page(db, "U0ANN", after=Mark(clock.now(), package))
    request_lists.asked_about(db, "U0ANN", ["assignment"])
    first = request_lists.pending(db)
    request_lists.pending(db, start=Start(after=first.marks[-1]))
    request_lists.pending(db, start=page_number(2))
    request_lists.pending_of_others(db, "U0ANN", rows=2)
    request_lists.owing_cards(db)
    request_lists.owing_news(db, since=ago)
    request_lists.overdue_decisions(db)
    request_lists.pointless(db)
    request_lists.claim_nudges(db, lease=LEASE, limit=20)
    request_lists.stuck(db, attempts=5, since=ago)
    request_lists.needing_account(db)
    request_lists.not_canceled(db)
    made_in_entra.unknown(db, ["a request of Graph's"])
    there = replace(
        _pending(db), id="made in entra", entra_id=BO, holder=None, graph_request_id="g"
    )
    assert made_in_entra.add(db, there, {"lapses_at": None}) is not None
    assert in_graph.is_anothers(db, "another", "g", is_over=False)
    request_lists.count_not_understood(db, package, since=ago, until=clock.now())
    request_lists.counts(db)


def _claims(db: Transaction) -> None:
    _asked(db)
    for request in claims.take(db, lease=LEASE, limit=20):
        claims.renew(db, request, lease=LEASE)
        claims.release(db, request, due_at=clock.real(), attempts=1)
    claims.hasten_begun(db)
    claims.oldest_open_seconds(db)
    claims.oldest_due_seconds(db)
    claims.retrying(db)
    stories.find(db, request.id)


def _holds(db: Transaction) -> None:
    request = _asked(db)
    assert holds.put(db, request, failures=5, error="GraphError", why="It fails.")
    notices.untold_holds(db, since=clock.now() - HOUR)
    holds.page(db)
    holds.page(db, start=Start(after=Mark(clock.now() - HOUR, request.id)))
    hold, request = next(found for found in holds.open_ones(db) if found[1].id == request.id)
    holds.find(db, hold.id)
    holds.count(db)
    freed = holds.end(db, hold, request, Verb.RETRY, actor="U0DANA")
    assert freed is not None
    assert holds.put(db, freed, failures=5, error="GraphError", why="It fails.")
    held = requests.find(db, freed.id)
    assert held is not None
    holds.end_by_itself(db, held, why="It has ended.")


def _decisions(db: Transaction) -> None:
    request = _pending(db)
    grants.of_each(db, ["assignment"])
    asked_there.of_people(db, [ANN, BO])
    drafted, refused = click(request), click(request)
    for decision in (drafted, refused):
        decisions.add(
            db, decision, holder="U0ANN", holder_entra_id=ANN, is_draft=decision is drafted
        )
    assert decisions.open_like(db, drafted) is not None
    assert decisions.find_draft(db, drafted.id, slack_user="U0BO") is not None
    assert decisions.explain(db, drafted.id, slack_user="U0BO", reason="fine")
    decisions.claim(db, decisions.pending(db), lease=LEASE)
    decisions.postpone(db, drafted, until=clock.real())
    assert decisions.settle(db, refused, Outcome.REFUSED)
    assert decisions.settle(db, drafted, Outcome.ACCEPTED, entra_id=BO)
    decisions.was_refused(db, refused)
    assert decisions.is_settled(db, refused)
    decisions.refused_lately(db, refused, since=clock.now() - HOUR)
    for decision in decisions.claim_unanswered(db, lease=LEASE):
        decisions.answer_later(db, decision, until=clock.real())
        decisions.answered(db, decision)
    decisions.accepted_of(db, request)
    decisions.accepted_of_each(db, [request])
    # A page of the past costs a page: of somebody who has decided one thing, and not of whoever has decided all.
    other = click(request, slack_user="U0CY", stage=1)
    decisions.add(db, other, holder="U0ANN", holder_entra_id=ANN, is_draft=False)
    assert decisions.settle(db, other, Outcome.ACCEPTED, entra_id="cy")
    first = decided.page(db, "U0CY", start=FIRST, rows=1)
    decided.page(db, "U0CY", start=Start(after=first.marks[-1]))


def _approver_questions(db: Transaction) -> None:
    request = _pending(db)
    refused, answered = approver_question(request), approver_question(request)
    for each in (refused, answered):
        approver_questions.add(db, each)
    approver_questions.any_unprocessed(db)
    approver_questions.claim_unprocessed(db, lease=LEASE)
    approver_questions.settle(db, refused, request, Outcome.REFUSED, why="No.")
    judged = approver_questions.settle(db, answered, request, Outcome.ACCEPTED)
    assert judged is not None
    assert approver_questions.by_one(db, request.id, "U0BO")
    approver_questions.owing_news(db)
    assert approver_questions.open_to(db, "U0ANN").count
    told = approver_questions.answer(db, judged, request, "The EU's", by="U0ANN")
    assert told is not None
    approver_questions.schedule_news(db, told, news=None)
    assert approver_questions.accepted_of(db, request.id) == [told]
    assert approver_questions.find(db, told.id) == told
    assert readers.has_seen_card(db, request.id, told.slack_user)


def _recipients(db: Transaction) -> None:
    request = _pending(db)
    recipients.claim(db, lease=LEASE, limit=20)
    assert recipients.add(db, request, "U0BO", NamedAs.GROUP)
    assert deciders.why_asked(db, request, "U0BO") is NamedAs.GROUP
    recipients.has_decided(db, request, {"U0BO"})
    assert recipients.add(db, request, "U0BO", NamedAs.GROUP)
    recipients.look_again(db, request)
    recipients.look_again_for(db, ["U0BO", "U0CY"])
    recipients.look_again_at_delegate(db, delegation())
    recipients.settle(db, request, ("U0CY",), nobody=True, nobody_left=True, again_at=clock.real())
    extension = requests.move(
        db, _asked(db, kind=Kind.EXTEND, assignment_id="extended"), State.PENDING
    )
    assert extension is not None
    assert recipients.add(db, extension, "U0BO", NamedAs.GROUP)
    deciders.waiting_for(db, "U0CY", rows=10)
    deciders.waiting_for(db, "U0CY", start=Start(after=Mark(clock.now(), "a")))
    deciders.keep(db, request, ("U0BO", "U0DANA"))
    deciders.fill_in(db)


def _delegations(db: Transaction) -> None:
    now = clock.now()
    deciders.is_asked_here(db, "U0BO")
    kept, canceled = delegation(id="kept"), delegation(id="canceled", delegate="U0MIA")
    for each in (kept, canceled):
        delegations.add(db, each)
    assert delegations.find(db, "kept") == kept
    delegations.to_delegate(db, ["U0CY"], at=now)
    delegations.of_delegators(db, ["U0BO"], at=now)
    delegations.in_force(db, at=now, limit=20)
    assert delegations.cancel(db, "canceled", by="U0BO", at=now) is not None
    delegations.owing_news(db)
    delegations.schedule_news(db, kept, news=None)
    assert delegations.prove(
        db, kept, proof="a digest", proven_as=BO, proven_to="cy", signed_in_at=now, contexts=["c1"]
    )
    delegations.supersede(db, kept, by="U0BO", at=now)
    delegations.delegators_since(db, ["U0CY"], since=now - HOUR)


def _emergencies(db: Transaction) -> None:
    now = clock.now()
    request = _asked(db, emergency=True)
    emergencies.open_review(db, request, review_within=HOUR)
    emergencies.lately(db, ANN, request.package_id, since=now - HOUR)
    emergencies.open_of(db, ANN, request.package_id)
    emergencies.all_open(db)
    emergencies.review_counts(db)
    emergencies.open_reviews(db, "U0BO", is_admin=False, most=5)
    emergencies.owing_news(db)
    emergencies.claim_seeking(db, lease=LEASE, limit=20)
    emergencies.settle_reviewers(db, request.id, ["U0BO"], again_at=clock.real())
    emergencies.to_remind(db)
    known = emergencies.find(db, request.id)
    assert known is not None
    assert emergencies.remind(db, known, request, next_at=now + HOUR)
    emergencies.schedule_news(db, emergencies.locked(db, request.id), news=None)
    said, late = (
        ReviewFinding(
            id=number,
            request_id=request.id,
            finding=Finding.REMOVE,
            comment="why",
            slack_user="U0BO",
            at=now,
        )
        for number in ("said", "late")
    )
    for each in (said, late):
        findings.add(db, each)
    assert findings.any_pending(db)
    findings.claim(db, lease=LEASE)
    findings.postpone(db, said, until=clock.real())
    closed = emergencies.close(
        db,
        said,
        request,
        entra_id=BO,
        name="Bo Berg",
        as_admin=False,
        for_user=None,
        for_name=None,
    )
    assert closed is not None
    emergencies.set_removal(db, closed, "removal")
    # Of somebody who has closed none, as of a page of the past.
    reviewed.page(db, "U0CY", start=FIRST)
    find_decided(db, "U0CY", Mark(now, "a"))
    assert findings.settle(db, said, Outcome.ACCEPTED, entra_id=BO)
    assert findings.settle(db, late, Outcome.LATE, why="Too late.")
    findings.owing_answer(db)
    findings.answered(db, late, again_at=None)


def _notices(db: Transaction) -> None:
    sent, later, dropped = (
        notice(key=f"news:{number}", request_id="request") for number in range(3)
    )
    claimed = notices.claim(db, (sent, later, dropped), lease=LEASE)
    notices.look_at(db, claimed, at=clock.real())
    claimed = [replace(each, claimed_until=clock.real()) for each in claimed]
    notices.retry_at(db, claimed, at=clock.real())
    notices.put_back(db, claimed, at=clock.real())
    notices.sent(db, [sent.key], channel="D0ANN", ts="1.0")
    notices.drop(db, [dropped.key], why="overtaken")
    notices.supersede(db, [notice(key="news:3")])
    notices.forget(db, replace(claimed[1], claimed_until=clock.real()))
    notices.settled_keys(db, [sent.key, later.key])
    notices.finished_keys(db, [sent.key, later.key])
    notices.sent_keys(db, [sent.key, later.key])
    notices.finished_about(db, "request")
    notices.sent_at(db, [sent.key, later.key])
    notices.mark_stale(db, sent.key)
    notices.find(db, "key")
    notices.claim_left_over(db, lease=LEASE)
    notices.has_stale(db)
    stale = [each.key for each in notices.claim_stale(db, lease=LEASE, limit=5)]
    notices.not_redrawn(db, stale, retry_at=clock.real())
    notices.redrawn(db, stale)
    notices.in_message(db, channel="D0ANN", ts="1.0")
    notices.cards_in_channels(db, "request-1")


def _assignments(db: Transaction) -> None:
    now = clock.now()
    row: Assignment = held()
    assert assignments.save_live(db, row)
    assert assignments.save_live(
        db, replace(row, progress=DeliveryProgress.DELIVERED, ends_at=now + HOUR)
    )
    assignments.next_end(db)
    assignments.set_removing(db, row.id)
    assignments.set_not_removing(db, row.id)
    assignments.let_end(db, row, actor="U0ANN")
    assignments.remind_again(db, row, actor="U0ANN")
    assignments.ending_before(db, now + HOUR, limit=100)
    assignments.ending_before(db, now + HOUR, seen_since=clock.real() - HOUR, limit=100)
    assignments.ending_before(db, now + HOUR, after=replace(row, ends_at=now), limit=100)
    assignments.ending_before(db, now + HOUR, among=[row.id], limit=100)
    assignments.notices_due(db, since=now - HOUR)
    assignments.schedule_notice(db, row, news=None)
    assignments.by_ids(db, [row.id])
    assert assignments.end(db, row.id, why=EndReason.OUTSIDE, at=now)
    assert assignments.save_live(db, row, read_by_id_at=clock.real() + HOUR)
    assert assignments.end(db, row.id, why=EndReason.OUTSIDE, at=now)
    assignments.forget(db, ["another"])


def _listed(db: Transaction) -> None:
    row = held(id="listed")
    listed.save(db, [row])
    listed.save(db, [row])
    listed.save(db, [replace(row, package_name="Another", ends_at=clock.now())])
    listed.removed_once(db, [row, replace(row, entra_id=BO)])


def _assignment_lists(db: Transaction) -> None:
    of_anything: tuple[dict[str, Any], ...] = (
        {},
        {"package_id": "campaign"},
        {"entra_ids": [ANN]},
        {"package_id": "campaign", "entra_ids": [ANN]},
    )
    for of in of_anything:
        assignment_lists.page(db, **of)
        assignment_lists.page(db, start=page_number(3), **of)
        for after in (Mark(clock.now(), "a"), Mark(None, "a")):
            assignment_lists.page(db, start=Start(after=after), rows=0, **of)
    assignment_lists.ending_page(db, until=clock.now() + HOUR)
    assignment_lists.own_page(db, "U0ANN")
    assignment_lists.own_page(db, "U0ANN", start=Start(after=Mark(clock.now(), "a")))
    assignment_lists.own_of_package(db, "U0ANN", "package")
    assignment_lists.count_own(db, "U0ANN")
    assignment_lists.my_packages(db, "U0ANN")
    assignment_lists.whole_of_each(
        db, ["U0ANN", "U0CY"], ["package"], since=clock.real() - timedelta(hours=1)
    )
    assignment_lists.find_by_name(db, "Ann Abara")
    assignment_lists.names_starting_with(db, "ann")


def _unsure(db: Transaction) -> None:
    assignments.save_live(db, held(id="unsure"))
    unsure.count_unreadable(db, ["unsure"])
    unsure.unreadable(db)
    unsure.not_whole_since(db, clock.now())
    unsure.set_gone(db, "unsure")
    unsure.ids_of_package(db, "campaign", after="", limit=200)
    unsure.live_ids(db, not_seen_since=clock.real(), limit=200)


def _links(db: Transaction) -> None:
    links.to_confirm(db, ["U0ANN"], looked_up_before=clock.real() - HOUR)
    links.confirm(db, {ANN: "U0ANN"})
    links.holders_to_look_up(db, looked_up_before=clock.real() - HOUR, limit=40)
    links.link(db, ANN, holders=["U0ANN"], holder_name="Ann Abara")
    links.link(db, ANN, holders=[])
    links.mark_looked_up(db, ANN)
    links.unknown(db, limit=40)
    links.link_each(db, {ANN: ["U0ANN"]})
    links.mark_not_found(db, ["nobody"])


def _troubles(db: Transaction) -> None:
    assert troubles.open_one(db, TroubleKind.PARTIAL, "assignment", why="not all")
    (trouble,) = troubles.open_about(db, "assignment")
    troubles.find(db, trouble.id)
    troubles.notices_due(db, since=clock.now() - HOUR)
    troubles.schedule_notice(db, trouble, news=None)
    troubles.request_reprocessing(db, trouble, by="U0DANA")
    troubles.claim_reprocessing(db, lease=LEASE)
    troubles.finish_reprocessing(db, trouble, "It was asked for.")
    troubles.reschedule_reprocessing(db, trouble, at=clock.real())
    troubles.count(db)
    troubles.close_all_but(db, TroubleKind.PARTIAL, ["another"])
    troubles.open_one(db, TroubleKind.FAILED, "assignment")
    troubles.close(db, "assignment")


def _drift(db: Transaction) -> None:
    now = clock.now()
    found = Found(
        kind=DriftKind.UNASKED,
        about="assignment",
        entra_id=ANN,
        package_id="campaign",
        package_name="Marketing Campaign",
        assignment_id="assignment",
    )
    mismatches.save(db, [found], seen_at=clock.real())
    mismatches.save(db, [found], seen_at=clock.real())
    mismatches.announce(db)
    mismatches.open_ones(db)
    mismatches.open_ones(db, start=Start(after=Mark(now, "x")))
    mismatches.open_ones(db, start=page_number(2))
    (mismatch,) = mismatches.current(db)
    mismatches.in_group(db, "group", [ANN])
    mismatches.settled_nested(db, "group")
    mismatches.is_current(db, found)
    mismatches.find(db, mismatch.id)
    mismatches.count(db)
    mismatches.notices_due(db, since=now - HOUR)
    mismatches.schedule_notice(db, mismatch, news=None)
    wanted_answers.want(db, mismatch, Verb.ADOPT, by="U0DANA")
    wanted_answers.claim_wanted(db, lease=LEASE)
    wanted_answers.reschedule(db, mismatch, at=clock.real())
    wanted_answers.decline(db, mismatch, "No.")
    wanted_answers.clear_wanted(db, mismatch)
    mismatches.settle(db, mismatch, DriftState.ADOPTED, by="U0DANA")
    mismatches.let_pass(db, replace(mismatch, state=DriftState.ADOPTED))
    mismatches.save(db, [found], seen_at=clock.real())
    checks.last(db)
    checks.start_now(db)
    approved.live(db, after="", limit=10)
    approved.that_gave(db, ["assignment", "another"])
    approved.being_added(db, [ANN, BO])
    approved.by_operators(db, [ANN, BO])
    approved.ends_moved(db, [ANN, BO])
    approved.past(db, [ANN, BO], ["campaign", "finance"])
    approved.ended_outside(db, since=now - HOUR)
    approved.long_submitted(db, before=now - HOUR)
    approved.automatic(db)


def _reports(db: Transaction) -> None:
    now = clock.now()
    report_rows.current_access(db, ["campaign", "finance"])
    report_rows.current_access(db, None)
    report_rows.finished(db, ["campaign"], Period(since=now - HOUR, until=now))
    report_rows.named_packages(db)
    report_rows.used_policies(db, ["policy", "another"])


def _small_ones(db: Transaction) -> None:
    homes.mark_opened(db, "U0ANN")
    homes.touch_all(db)
    homes.touch_all(db, published_before=clock.now())
    homes.has_stale(db)
    due.look(db)
    due.owed_messages(db)
    outages.note(db, (), after=HOUR)
    outages.note(db, ("graph: down",), after=timedelta(0))
    noted = outages.find(db)[1]
    assert noted is not None
    outages.note_told(db, noted)
    outages.probe(db)
    owed_work.parts_owed(db, since=clock.now() - HOUR)
    homes.claim_stale(db, lease=LEASE, limit=5)
    homes.mark_published(db, "U0ANN", admin=True, at=clock.now())
    homes.not_published(db, "U0ANN", retry_at=clock.real())
    form = forms.keep(db, "U0ANN", "campaign", None)
    forms.find(db, form, "U0ANN")
    forms.forget_old(db)
    slack_waits.stop(db, "chat.update", until=clock.real() + HOUR)
    slack_waits.stopped_until(db, "chat.update")
    turn = turns.take(db, "packages", lease=LEASE, wanted=clock.real())
    assert turn is not None
    turns.check_turn(db, turn)
    turns.renew(db, turn, lease=LEASE)
    turns.finish(db, turn, due_at=clock.real())
    turns.release(db, turn)
    turns.find(db, turn.name)
    turns.get(db, turn.name)
    deduplication.is_new(db, "key")
    deduplication.seen(db, ["key"])
    deduplication.forget_old(db)
    flags.pause(db, why="a test")
    flags.resume(db)
    flags.pause_reason(db)
    flags.serve_from(db, "0001")
    flags.serves_from(db)
    flags.revision(db)
    installation.of_app(db, app="A0", team="T0")
    installation.find(db)
    installation.forget_app(db, actor="cli:root", facts={})
    catalog.replace(db, [offered()])
    catalog.replace(db, [offered(name="Another name")])
    catalog.if_changed(db, None)
    catalog.find(db, "campaign")
    bound = [EntryBinding(package_id="campaign", packages={"A name": {}})]
    settings_bindings.replace(db, settings_bindings.list_all(db), bound)
    settings_bindings.replace(db, bound, [])
    catalog.held_under(db, NO_FILE)
    catalog.catalogs_of(db, ["campaign"])
    engine.ping(db)
    once = limits.Limit(what="ask", count=1)
    assert limits.take(db, "U0ANN", once) is None
    assert limits.take(db, "U0ANN", once) is not None
    limit = limits.REFUSALS.count
    assert [limits.count_refusal(db, "U0BO") for _ in range(limit + 1)][-1] == 0
    # It is over, and nobody has written down yet how often they were refused beyond it.
    over = tables.allowances.update().values(full_at=0, over=1)
    db.execute(over)
    limits.unreported_refusals(db)
    db.execute(over)
    assert limits.count_refusal(db, "U0BO") > 1
    limits.forget_old(db)
    limits.note_guest(db, "U0ANN", "a guest")
    limits.note_nothing_to_ask(db, "U0ANN", "a guest")
    limits.guest_refusal(db, "U0ANN")
    limits.guest_sentence(db, "U0ANN")
    limits.forget_guest(db, "U0ANN")
    limits.guest_refusals(db, ["U0ANN", "U0BO"])


def _audit(db: Transaction) -> None:
    audit.head(db)
    audit.key_fits(db, b"")
    audit.verify(db, b"")
    # Which it does not come to when a row is wrong, as those of the past are.
    assert list(audit.in_order(db))
    audit_checkpoints.add(db, b"", position=0, chained=audit_chain.START, archive="")
    pack_rows.read(db, PackScope())
    audit.wrong_at_end(db)
    audit.rows(db)
    for package in (None, "package"):
        wanted = audit_pages.AuditFilter(actors=("U0ANN",), entra_ids=(ANN,), package_id=package)
        audit_pages.page(db, wanted, rows=11)
        audit_pages.page(db, audit_pages.AuditFilter(package_id=package), rows=11)
    audit.rows(db, request_id="request")


def _webhooks(db: Transaction) -> None:
    feeds.begin(db, ("siem",))
    feeds.replay(db, feed_id="again", endpoint="siem", first=1, last=1)
    # What was begun just now has nothing to tell; of what is behind there is the past.
    known = tables.webhooks.c.id.in_(("siem", "again"))
    db.execute(tables.webhooks.update().where(known).values(position=0))
    assert feeds.is_any_due(db, ("siem",))
    for feed in feeds.claim(db, ("siem",), lease=LEASE):
        feeds.rows_after(db, feed, limit=10)
        feeds.advance(db, feed, position=1, lease=LEASE, delivered=True)
        feeds.bury(db, feed, position=1, error="HTTP 400", lease=LEASE)
        feeds.postpone(db, feed, due_at=clock.real(), refusals=0, error="HTTP 503")
        feeds.disable(db, feed, error="HTTP 410")
        feeds.release(db, feed)
        feeds.find(db, feed.id)
    feeds.enable(db, "siem")
    feeds.states(db, ("siem",))
    feeds.skip(db, "siem")
    feeds.dead(db, ("siem",))
    feeds.count_dead(db, ("siem",))
    feeds.positions_between(db, from_at=clock.now(), to_at=clock.now())


def _forgetting(db: Transaction) -> None:
    requests.move(db, _pending(db), State.CANCELED, terms=asdict(terms()))
    ids = frozenset({"U0ANN", ANN})
    forgetting.still_concerned(db, ids)
    forgetting.other_entra_ids(db, ["U0ANN"], [ANN])
    forgotten = forgetting.Forgotten(
        ids=ids,
        names=frozenset(forgetting.known_names(db, ids)),
        pseudonym="forgotten-0",
        request_ids=frozenset(forgetting.request_ids(db, ids)),
    )
    positions, _ = forgetting.audit_positions(db, forgotten)
    forgetting.forget_in_audit(db, b"", forgotten, positions[:1])
    forgetting.drop_unsent(db, forgotten)
    for table in forgetting.tables():
        forgetting.forget_in_table(db, table, forgotten)
    forgetting.delete_rows_about(db, forgotten)


def _archiving(db: Transaction) -> None:
    found = archiving.cut(db, before=clock.now() - HOUR)
    list(archiving.rows(db, found))
    archiving.first_at(db)
    archiving.by_operators(db, last=found.last)
    archiving.forget_webhooks(db, ["siem", "again"])
    audit.archived(db)
    first = audit.rows(db)[0]
    # One that has been told everything by now.
    feeds.begin(db, ("siem",))
    archiving.delete(db, b"", last=first["position"], archive="0" * 64)


def _retention(db: Transaction) -> None:
    # What was closed just now is old.
    kept = Retention(requests=-HOUR, messages=-HOUR)
    deletion.kinds_overdue(db, kept)
    for each in deletion.old(kept, clock.now()):
        each.delete(db, since=deletion.EVER, before=each.before, limit=2)

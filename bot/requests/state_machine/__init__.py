"""
Every arrow of the state diagram, one function each; nothing else moves a request.

Each is called inside a transaction, and does with the row's move whatever belongs to it: the assignment that begins or
ends, the extension that has become pointless.  The diagram is in docs/explanation/how-it-works.md.
"""

from bot.requests.state_machine.anew import (
    FilledAnew,
    ask_anew,
    ask_anew_of_claimed,
    make_emergency,
    make_ordinary,
)
from bot.requests.state_machine.deciding import (
    count_approval,
    deny,
    lapse,
    reach_stage,
    refuse,
    renew_terms,
    require_sign_in,
)
from bot.requests.state_machine.delivering import (
    PARTIAL_FOR,
    ask_for_removal,
    deliver,
    deliver_over,
    deliver_partly,
    end,
    end_partly,
    go_on_with_held_removal,
    misdelivered,
    remove_if_reviewed,
    revive,
    tell_if_given_again,
    tell_if_partial,
)
from bot.requests.state_machine.in_entra import (
    account_needed_by,
    begin_in_entra,
    decide_elsewhere,
    go_on_in_entra,
    need_account_to_cancel,
    not_canceled,
    wait_for_account,
)
from bot.requests.state_machine.sending import (
    approve_removal,
    fail,
    give_up,
    intend,
    not_repaired,
    submit,
    wait_behind_open_request,
)
from bot.requests.state_machine.withdrawing import (
    cancel,
    cancel_for_leaver,
    decline,
    not_canceled_for_leaver,
)

__all__ = [
    "PARTIAL_FOR",
    "FilledAnew",
    "account_needed_by",
    "approve_removal",
    "ask_anew",
    "ask_anew_of_claimed",
    "ask_for_removal",
    "begin_in_entra",
    "cancel",
    "cancel_for_leaver",
    "count_approval",
    "decide_elsewhere",
    "decline",
    "deliver",
    "deliver_over",
    "deliver_partly",
    "deny",
    "end",
    "end_partly",
    "fail",
    "give_up",
    "go_on_in_entra",
    "go_on_with_held_removal",
    "intend",
    "lapse",
    "make_emergency",
    "make_ordinary",
    "misdelivered",
    "need_account_to_cancel",
    "not_canceled",
    "not_canceled_for_leaver",
    "not_repaired",
    "reach_stage",
    "refuse",
    "remove_if_reviewed",
    "renew_terms",
    "require_sign_in",
    "revive",
    "submit",
    "tell_if_given_again",
    "tell_if_partial",
    "wait_behind_open_request",
    "wait_for_account",
]

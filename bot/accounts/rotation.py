"""Seal all tokens with the newest key: what `latchkey keys rotate` does, while the bot runs."""

from dataclasses import dataclass
from typing import Final

from bot.accounts.connecting import token_bound_to
from bot.accounts.sealing import CannotOpen, TokenKeys
from bot.accounts.store import accounts
from bot.database import Store, Transaction
from bot.words import N_

A_TURN: Final = 100
WHY_NOT_OPENED: Final = N_("It was sealed with a key that is not known any more.")


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """
    Counts of tokens that were sealed with the newest key, were already, or opened with no key and were deleted.

    Whose tokens were deleted connects their account again.
    """

    sealed: int = 0
    already: int = 0
    deleted: int = 0


def rotate(store: Store, keys: TokenKeys, *, by: str) -> Rotated:
    """
    Seal all tokens with the newest key, one person a transaction.

    Args:
        by: The actor for the audit log.
    """
    done = {"sealed": 0, "already": 0, "deleted": 0}
    after = ""
    while some := store.read_here(accounts.some_after, after, limit=A_TURN):
        for slack_user in some:
            done[store.run_patiently(_seal_anew, keys, slack_user, by)] += 1
        after = some[-1]
    return Rotated(**done)


def _seal_anew(db: Transaction, keys: TokenKeys, slack_user: str, by: str) -> str:
    account = accounts.find(db, slack_user)
    sealed = accounts.sealed_token(db, slack_user)
    if account is None or sealed is None or keys.is_newest(sealed):
        return "already"
    bound_to = token_bound_to(account)
    try:
        token = keys.open(sealed, bound_to=bound_to)
    except CannotOpen:
        accounts.disconnect(db, slack_user, by=by, why=WHY_NOT_OPENED)
        return "deleted"
    accounts.resealed(db, account, keys.seal(token, bound_to=bound_to))
    return "sealed"

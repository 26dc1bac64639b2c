"""Run SQL: the engine, the tables, the audit log, and what else belongs to no one subject."""

from bot.database.audit_log.audit import Committed
from bot.database.connections.engine import Fault, Store, Transaction, open_store, ping
from bot.database.connections.faults import Busy, Unsure, Unusable

__all__ = [
    "Busy",
    "Committed",
    "Fault",
    "Store",
    "Transaction",
    "Unsure",
    "Unusable",
    "open_store",
    "ping",
]

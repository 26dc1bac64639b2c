"""Every SQL statement of Latchkey, a module for each table's subject, and the way to run them."""

from bot.database.engine import Fault, Store, Transaction, open_store, ping
from bot.database.faults import Busy, Unusable

__all__ = ["Busy", "Fault", "Store", "Transaction", "Unusable", "open_store", "ping"]

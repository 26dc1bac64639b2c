"""Every SQL statement of Latchkey, a module for each table's subject, and the way to run them."""

from bot.store.database import Busy, Store, Transaction, open_store, ping

__all__ = ["Busy", "Store", "Transaction", "open_store", "ping"]

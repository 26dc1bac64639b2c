"""Graph's answers with each field dropped or retyped."""
from datetime import timedelta
from dataclasses import dataclass, field
A_MINUTE = timedelta(minutes=1)

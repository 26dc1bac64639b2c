"""Write the JSON Schema of events: `python -m bot.webhooks.schema > docs/webhook-events.schema.json`."""

import json
import sys

from bot.webhooks.events import WebhookEvent


def schema() -> str:
    """Return the schema of what is posted, as text."""
    made = WebhookEvent.model_json_schema(mode="serialization")
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
    return json.dumps(made, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())

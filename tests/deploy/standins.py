"""
Serves the stand-ins for a bot that is another process, such as the one of a unit or a container.

A program: ``python -m tests.deploy.standins FOLDER PORT`` writes the bot's settings to ``FOLDER/latchkey.env`` and the authority to
trust to ``FOLDER/ca.pem``, prints a line, and serves until it is ended.  PORT is the bot's own.
"""

import asyncio
import sys
from pathlib import Path

from sandbox.run import stand_ins


async def serve(folder: Path, port: int) -> None:
    async with stand_ins(folder) as around:
        settings = {
            **around.environment,
            "DATABASE_URL": "sqlite:////var/lib/latchkey/latchkey.db",
            "LATCHKEY_PORT": str(port),
            # Where whoever starts the bot puts the folder's file.
            "SSL_CERT_FILE": "/etc/latchkey/ca.pem",
            "REQUESTS_CA_BUNDLE": "/etc/latchkey/ca.pem",
        }
        (folder / "latchkey.env").write_text(
            "".join(f"{name}={value}\n" for name, value in settings.items())
        )
        sys.stdout.write("The stand-ins are served.\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))

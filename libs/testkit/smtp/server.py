"""A real SMTP server that keeps every mail as a file: server.py PORT FOLDER

A recipient whose local part begins with refuse-NNN, such as refuse-451 or refuse-550-always, is refused with that
code, so that a test can see what becomes of a mail that is not taken.
"""

import asyncio
import os
import re
import sys
import time

from aiosmtpd.smtp import SMTP

MAX_MAIL_BYTES = 1_048_576


class Keeper:
    """Writes what arrives to a folder; a file is whole as soon as its name ends in .eml."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        refused = re.match(r"refuse-([45]\d\d)\b", address)
        if refused:
            return f"{refused[1]} refused, as the address asks"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = os.path.join(self.folder, f"{time.time_ns() // 1_000_000}-{self.count}")
        with open(f"{name}.part", "wb") as file:
            file.write(envelope.content)
        os.rename(f"{name}.part", f"{name}.eml")
        return "250 kept"


async def main(port, folder):
    os.makedirs(folder, exist_ok=True)
    keeper = Keeper(folder)
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(keeper, data_size_limit=MAX_MAIL_BYTES, enable_SMTPUTF8=True, loop=loop)
    server = await loop.create_server(make, host="127.0.0.1", port=port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))

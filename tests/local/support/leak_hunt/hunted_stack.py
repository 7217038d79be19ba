"""The stack as the command starts it, with everything it says and stores kept for a search."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote_plus

from leak_search.canaries import FRAGMENT, Canaries

from arcade_gmail_local.commands.credentials import credentials_in
from arcade_gmail_local.commands.stack import CLIENT_SECRET, Stack
from leak_hunt.collector import Collector
from leak_hunt.tap import Tap

HERE = Path(__file__).parent
SUPPORT = HERE.parent.parent.parent / "support"

# What passes between the processes, and by what it is known there.
_SEEN = {
    "access_token": rb'"access_token": ?"([^"]+)"',
    "refresh_token": rb'"refresh_token": ?"([^"]+)"',
    "authorization_code": rb"[?&]code=([^&\s\"']+)",
    "pkce_verifier": rb"code_verifier=([^&\s]+)",
    "state": rb"[?&;]state=([^&\s\"']+)",
    "cookie": rb"(?i)set-cookie: agm-[^=]+=([^;\s]+)",
    "worker_jwt": rb"(?i)authorization: Bearer eyJ[\w-]+\.[\w-]+\.([\w-]+)",
    "bearer": rb"(?i)authorization: Bearer (ya29[^\s]+)",
}


class HuntedStack(Stack):
    """Start each process at DEBUG, traced and tapped; `wiretaps` hold what passed between them."""

    def __init__(self, folder: Path, *, database_url: str, control: str) -> None:
        super().__init__(folder / "data", seeded=False)
        self.folder = folder
        self.control = control
        self.wiretaps: dict[str, Tap] = {}
        self.collector = Collector()
        self._database_url = database_url
        self.temporary, self.raw_logs = folder / "tmp", folder / "raw"
        for made in (self.temporary, self.raw_logs):
            made.mkdir()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    async def _launch(
        self, name: str, arguments: Sequence[str], environment: dict[str, str], data: Path
    ) -> str:
        tap = self.wiretaps[name] = Tap()
        address = await tap.open()
        if name == "engine":
            arguments = (*arguments, "--public-url", address)
            environment = {**environment, "ENGINE_DATABASE_URL": self._database_url}
        noise = {
            "PYTHONPATH": os.pathsep.join(
                [str(HERE / "startup"), str(SUPPORT), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
            "PYTHONASYNCIODEBUG": "1",
            "TMPDIR": str(self.temporary),
            "LEAK_HUNT_LOGS": str(self.raw_logs),
            "LEAK_HUNT_CONTROL": self.control,
        }
        if not self._database_url:
            noise |= {
                "OTEL_EXPORTER_OTLP_ENDPOINT": self.collector.url,
                "OTEL_BSP_SCHEDULE_DELAY": "200",
                "OTEL_BLRP_SCHEDULE_DELAY": "200",
                "OTEL_METRIC_EXPORT_INTERVAL": "1000",
            }
        tap.upstream = await super()._launch(name, arguments, {**environment, **noise}, data)
        return address

    async def stop(self, name: str) -> None:
        """End one of the processes early."""
        for process in self.processes:
            if process.name == name:
                await process.stop()

    async def close(self) -> None:
        for tap in self.wiretaps.values():
            await tap.close()
        self.collector.close()

    def secrets(self) -> Canaries:
        """Collect every secret that existed: the configured ones, and those that were made."""
        found = Canaries()
        configured = credentials_in(self.data)
        found.add("api_key", configured.api_key)
        found.add("worker_secret", configured.worker_secret)
        found.add("encryption_key", configured.encryption_key)
        found.add("client_secret", CLIENT_SECRET)
        for kind, value in self._overheard():
            # What precedes a token's random part is public, and a made-up code is no code.
            own = value.removeprefix("ya29.a0").removeprefix("1//0").removeprefix("4/0A")
            if len(own) > 2 * FRAGMENT:
                found.add(kind, own)
        return found

    def _overheard(self) -> Iterator[tuple[str, str]]:
        for tap in self.wiretaps.values():
            for kind, pattern in _SEEN.items():
                for value in re.findall(pattern, bytes(tap.asked + b"\n" + tap.answered)):
                    yield (
                        ("access_token" if kind == "bearer" else kind),
                        unquote_plus(value.decode()),
                    )

    def argvs(self) -> bytes:
        """What any user of the machine can read of the processes."""
        return b"\n".join(
            Path(f"/proc/{process.pid}/cmdline").read_bytes().replace(b"\0", b" ")
            for process in self.processes
        )

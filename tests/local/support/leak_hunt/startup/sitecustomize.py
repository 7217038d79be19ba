"""Python runs this first in every child of a hunt: let it say all it can say."""

from __future__ import annotations

import asyncio.base_events
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from leak_search.raw_log import RawLog


def _say_everything(folder: Path, control: str) -> None:
    logging.root.addHandler(RawLog(folder / f"{os.getpid()}.raw"))
    logging.root.setLevel(logging.DEBUG)
    logging.getLogger("leak_hunt").debug("control %s", control)
    sys.stderr.write(f"{control}\n")
    sys.stderr.flush()
    with tempfile.NamedTemporaryFile("w", delete=False, prefix="control-") as file:
        file.write(control)


def _debug_every_loop() -> None:
    """Debug every loop, whatever uvicorn wants, and let it describe what took long."""
    loop = asyncio.base_events.BaseEventLoop
    set_debug = loop.set_debug

    def always(self: Any, _enabled: bool) -> None:
        set_debug(self, True)
        self.slow_callback_duration = 0.002

    loop.set_debug = always  # type: ignore[method-assign]


def _trace_everything(control: str) -> None:
    """Install arcade-serve's own instrumentation, of the worker's app or just of the process."""
    # Late: the logs have to be open before these are imported.
    from arcade_serve.fastapi.telemetry import OTELHandler  # noqa: PLC0415
    from fastapi import FastAPI  # noqa: PLC0415
    from opentelemetry import metrics, trace  # noqa: PLC0415

    handler = OTELHandler(log_level=logging.DEBUG)

    def also_instrumented(app: FastAPI) -> None:
        handler.instrument_app(app)
        with trace.get_tracer("leak_hunt").start_as_current_span("control") as span:
            span.set_attribute("control", control)
        metrics.get_meter("leak_hunt").create_counter("control").add(1, {"control": control})

    if "serve" not in sys.orig_argv:
        also_instrumented(FastAPI())
        return
    begin = FastAPI.__init__

    def begin_instrumented(self: FastAPI, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        FastAPI.__init__ = begin  # type: ignore[method-assign]
        also_instrumented(self)

    FastAPI.__init__ = begin_instrumented  # type: ignore[method-assign]


_say_everything(Path(os.environ["LEAK_HUNT_LOGS"]), os.environ["LEAK_HUNT_CONTROL"])
_debug_every_loop()
if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ and "sandbox" not in sys.orig_argv:
    _trace_everything(os.environ["LEAK_HUNT_CONTROL"])

"""All loggers of the hub, and the one line format they share: time, level, area, text, key=value."""

import json
import logging
import sys
import time

app_log = logging.getLogger("k1.app")
control_log = logging.getLogger("k1.control")
nodes_log = logging.getLogger("k1.nodes")
stream_log = logging.getLogger("k1.stream")
show_log = logging.getLogger("k1.show")
api_log = logging.getLogger("k1.api")
ota_log = logging.getLogger("k1.ota")

_FIELDS = "k1_fields"


def event(logger: logging.Logger, level: int, text: str, /, **fields: object) -> None:
    """Log `text` with `fields`, on one line whatever they contain."""
    if logger.isEnabledFor(level):
        logger.log(level, "%s", text, extra={_FIELDS: fields})


def failure(logger: logging.Logger, text: str, /, **fields: object) -> None:
    """Log the exception being handled: a fault of ours, with its traceback."""
    logger.error("%s", text, exc_info=True, extra={_FIELDS: fields})


def set_up(level: str) -> None:
    """Send the hub's logs to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # of libraries, only what went wrong
    logging.getLogger("k1").setLevel(level.upper())


class LineFormatter(logging.Formatter):
    """One record, one line: peers choose some of the text, so control characters never reach the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        area = record.name.removeprefix("k1.")
        line = f"{stamp}.{int(record.msecs):03d}Z {record.levelname:<7} {area:<8} {_printable(record.getMessage())}"
        fields: dict[str, object] = getattr(record, _FIELDS, {})
        for name, value in fields.items():
            line += f" {name}={_value(value)}"
        if record.exc_info:
            line += f" traceback={json.dumps(self.formatException(record.exc_info))}"
        return line


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)


def _value(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and text and " " not in text and '"' not in text
    return text if plain else json.dumps(text)

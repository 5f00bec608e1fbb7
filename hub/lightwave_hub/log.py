"""All loggers of the hub, and their two line formats: time, level, area, text, key=value; or the same as JSON."""

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


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What `event` was given besides the text."""
    fields: dict[str, object] = getattr(record, _FIELDS, {})
    return fields


def set_up(level: str, form: str = "text") -> None:
    """Send the hub's logs to standard error, as "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # of libraries, only what went wrong
    logging.getLogger("k1").setLevel(level.upper())


class LineFormatter(logging.Formatter):
    """One record, one line: peers choose some of the text, so control characters never reach the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_stamp(record)} {record.levelname:<7} {_area(record):<8} {_printable(record.getMessage())}"
        for name, value in fields_of(record).items():
            line += f" {name}={_value(value)}"
        if record.exc_info:
            line += f" traceback={json.dumps(self.formatException(record.exc_info))}"
        return line


class JsonFormatter(logging.Formatter):
    """One record, one JSON object on one line: `time`, `level`, `area`, `text`, then the record's own fields (`node`,
    `mac`, ...), and `traceback` after a failure. A field cannot take the place of one of these: it gets a `_` behind
    its name."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _stamp(record),
            "level": record.levelname.lower(),
            "area": _area(record),
            "text": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        line |= {f"{name}_" if name in line else name: value for name, value in fields_of(record).items()}
        return json.dumps(line, default=str)


def _stamp(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


def _area(record: logging.LogRecord) -> str:
    return record.name.removeprefix("k1.")


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)


def _value(value: object) -> str:
    text = str(value)
    plain = text.isprintable() and text and " " not in text and '"' not in text
    return text if plain else json.dumps(text)

"""Every error the hub raises on purpose. Catch HubError at the edges; the leaves carry what a caller needs."""


class HubError(Exception):
    """Root of the hub's own errors; its text is one sentence fit for a user."""


class ConfigError(HubError):
    """A key of the configuration is wrong. `key` is dotted ("hub.port"), `detail` says what is allowed."""

    def __init__(self, key: str, detail: str) -> None:
        super().__init__(f"configuration: {key}: {detail}" if key else f"configuration: {detail}")
        self.key = key
        self.detail = detail


class ListenError(HubError):
    """The address cannot be listened on: taken, not ours, or forbidden."""

    def __init__(self, host: str, port: int, detail: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {detail}")
        self.host = host
        self.port = port
        self.detail = detail


class TableFullError(HubError):
    """No room for another node."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the hub already has {limit} nodes, its limit")
        self.limit = limit


class ShowBusyError(HubError):
    """Changes arrive faster than the stream may carry them."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit} changes already wait to be sent; try again in a moment")
        self.limit = limit


class TooManyPartsError(ShowBusyError):
    """The nodes would play more different things than the stream tells apart, or too many would have their own."""

    def __init__(self, limit: int, what: str) -> None:
        HubError.__init__(self, f"the limit is {limit} {what}; let more nodes play the same")
        self.limit = limit


class NoBeatError(HubError):
    """A command waits for a beat, but there is none."""

    def __init__(self) -> None:
        super().__init__("there is no beat to wait for; set a tempo first")


class TempoSourceError(HubError):
    """A source of tempo cannot be used here. `source` is its name, or empty when there is none of the name given."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(detail)
        self.source = source


class NotPlannedError(HubError):
    """The edge to be cancelled is on its way, is over, or never was."""

    def __init__(self, number: int) -> None:
        super().__init__(f"edge {number} is not waiting to be sent")
        self.number = number


class RequestError(HubError):
    """A request was refused. `field` names the culprit or is empty; `status` is the HTTP status."""

    def __init__(self, field: str, detail: str, status: int = 400) -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.field = field
        self.detail = detail
        self.status = status


class UnreachableError(HubError):
    """No hub answered at `url`."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(f"no hub at {url} ({detail}); start one with `k1 hub`, or name one by --url or K1_HUB")
        self.url = url
        self.detail = detail

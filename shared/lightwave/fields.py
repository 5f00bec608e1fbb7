"""Types of message fields. Each has `check(value, name)`: the value in its normal form, or FieldError.

`name` is the field's path for the error, as in "topo.leds". No error repeats text that the peer chose.
"""

_TEXT_SHOWN = 24


class FieldError(ValueError):
    """`field` is the path of the field at fault, `detail` says what was wrong and what is allowed."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(field, detail)
        self.field = field
        self.detail = detail


def shown(value) -> str:
    """What an error may say about a value: its type, and itself if it is short and not text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "a string of %d" % len(value)
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, (list, tuple)):
        return "a list of %d" % len(value)
    if isinstance(value, (int, float)) and -1e9 < value < 1e9:
        return str(value)
    return "a number out of all range"


class Int:
    """An integer, `low`..`high`. True and 1.0 are none."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def check(self, value, name: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise FieldError(name, "must be an integer %d..%d, not %s" % (self.low, self.high, shown(value)))
        return int(value)


class Number:
    """An integer or a float, `low`..`high`. True, infinity and NaN are none."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def check(self, value, name: str):
        # NaN fails every comparison, so it fails this one too
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise FieldError(name, "must be a number %d..%d, not %s" % (self.low, self.high, shown(value)))
        return value


class Bool:
    def check(self, value, name: str) -> bool:
        if not isinstance(value, bool):
            raise FieldError(name, "must be true or false, not %s" % shown(value))
        return value


class Text:
    """`low`..`high` characters on one line: no control characters, no halves of surrogate pairs."""

    allowed = "characters of one line"

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def check(self, value, name: str) -> str:
        if not isinstance(value, str) or not self.low <= len(value) <= self.high:
            raise FieldError(name, "must be %d..%d %s, not %s" % (self.low, self.high, self.allowed, shown(value)))
        for place, character in enumerate(value):
            if not self.allows(ord(character), place):
                raise FieldError(name, "must be %s; character %d is not" % (self.allowed, place + 1))
        return str(value)

    def allows(self, code: int, place: int) -> bool:
        return code >= 0x20 and code != 0x7F and not 0xD800 <= code <= 0xDFFF


class Ascii(Text):
    """Printable ASCII without spaces: safe in a URL, a header, a file name."""

    allowed = "ASCII characters without spaces"

    def allows(self, code: int, place: int) -> bool:
        return 0x21 <= code <= 0x7E


class Hex(Text):
    """Exactly `digits` lower-case hexadecimal digits."""

    allowed = "hexadecimal digits in lower case"

    def __init__(self, digits: int) -> None:
        super().__init__(digits, digits)

    def allows(self, code: int, place: int) -> bool:
        return chr(code) in "0123456789abcdef"


class Mac(Text):
    allowed = "characters AA:BB:CC:DD:EE:FF in capitals"

    def __init__(self) -> None:
        super().__init__(17, 17)

    def allows(self, code: int, place: int) -> bool:
        return chr(code) in (":" if place % 3 == 2 else "0123456789ABCDEF")


class Choice:
    """One of the given words."""

    def __init__(self, words: tuple) -> None:
        self.words = words

    def check(self, value, name: str) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise FieldError(name, "must be one of %s, not %s" % (", ".join(self.words), shown(value)))
        return str(value)


class List:
    """A list of `low`..`high` items of one type."""

    def __init__(self, low: int, high: int, item) -> None:
        self.low = low
        self.high = high
        self.item = item

    def check(self, value, name: str) -> list:
        if not isinstance(value, (list, tuple)) or not self.low <= len(value) <= self.high:
            raise FieldError(name, "must be a list of %d..%d, not %s" % (self.low, self.high, shown(value)))
        return [self.item.check(item, "%s[%d]" % (name, i)) for i, item in enumerate(value)]


class Map:
    """An object of at most `high` entries with free names (1..32 ASCII characters) and values of one type.

    Names that were right once are remembered, up to twice `high`: the same come again and again, and to check them
    letter by letter would be most of what a keepalive costs."""

    def __init__(self, high: int, item) -> None:
        self.high = high
        self.item = item
        self.key = Ascii(1, 32)
        self._known = set()  # type: set[str]

    def check(self, value, name: str) -> dict:
        if not isinstance(value, dict) or len(value) > self.high:
            raise FieldError(name, "must be an object of at most %d entries, not %s" % (self.high, shown(value)))
        # errors name the map and not the entry, whose name is the peer's text
        return {self._name(key, name): self.item.check(item, name) for key, item in value.items()}

    def _name(self, key, name: str) -> str:
        if key not in self._known:
            self.key.check(key, name)
            if len(self._known) < 2 * self.high:
                self._known.add(key)
        return str(key)


class Optional:
    """A field that may be absent; present, it must be right (null is not absent)."""

    def __init__(self, item) -> None:
        self.item = item

    def check(self, value, name: str):
        return self.item.check(value, name)


class Record:
    """An object with the given (name, type) fields. Others are left out: the peer may be newer."""

    def __init__(self, *fields: tuple) -> None:
        self.fields = fields

    def check(self, value, name: str) -> dict:
        if not isinstance(value, dict):
            raise FieldError(name, "must be an object, not %s" % shown(value))
        checked = {}
        for key, kind in self.fields:
            path = name + "." + key if name else key
            if key in value:
                checked[key] = kind.check(value[key], path)
            elif not isinstance(kind, Optional):
                raise FieldError(path, "is missing")
        return checked

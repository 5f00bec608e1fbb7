"""The rules of lightwave.fields as types of pydantic models: the same check, the same words, and its JSON Schema.

A model of requests is a Checked. What it refuses is a pydantic.ValidationError, of which `fault` makes the field at
fault and a sentence that names what is allowed: always the same one for the same mistake, on the wire and in a body.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from lightwave import fields
from lightwave.fields import FieldError, shown
from lightwave_hub.rules import Closed, TextOr, ZeroOr

_LONGEST_NAME_SHOWN = 32
ONE_LINE = r"^[^\u0000-\u001f\u007f]*$"


class Slug(fields.Text):
    """An id: safe in a URL and in a shell."""

    allowed = "letters, digits, - and _"

    def __init__(self) -> None:
        super().__init__(1, 32)

    def allows(self, code: int, place: int) -> bool:
        return code < 0x80 and (chr(code).isalnum() or chr(code) in "-_")


class TimeOfDay(fields.Text):
    """HH:MM by the clock on the wall."""

    allowed = "characters of a time, as 07:30"

    def __init__(self) -> None:
        super().__init__(5, 5)

    def check(self, value: object, name: str) -> str:
        text: str = super().check(value, name)
        if not (text < "24:00" and text[3:] < "60"):
            raise FieldError(name, "must be a time 00:00..23:59")
        return text

    def allows(self, code: int, place: int) -> bool:
        return chr(code) == ":" if place == 2 else chr(code) in "0123456789"


class Rule:
    """`Annotated[int, Rule(Int(0, 255))]`: the rule decides, whatever the annotated type is.

    A field that may be absent has a default that its rule need not allow; null is not absent.
    """

    def __init__(self, rule: Any) -> None:
        self._rule = rule

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return json_schema(self._rule)

    def _check(self, value: object) -> Any:
        try:
            return self._rule.check(value, "")
        except FieldError as error:
            raise refusal(error.field, error.detail) from None


def json_schema(rule: Any) -> dict[str, Any]:
    """What a rule of lightwave.fields, or of lightwave_hub.rules, allows."""
    match rule:
        case fields.Int():
            return {"type": "integer", "minimum": rule.low, "maximum": rule.high}
        case fields.Number():
            return {"type": "number", "minimum": rule.low, "maximum": rule.high}
        case ZeroOr():
            low, high = rule.limits
            return {"anyOf": [{"const": 0}, {"type": "number", "minimum": low, "maximum": high}]}
        case fields.Bool():
            return {"type": "boolean"}
        case fields.Choice():
            return {"enum": list(rule.words)}
        case fields.List():
            items = json_schema(rule.item)
            return {"type": "array", "minItems": rule.low, "maxItems": rule.high, "items": items}
        case fields.Map():
            return {"type": "object", "maxProperties": rule.high, "additionalProperties": json_schema(rule.item)}
        case fields.Optional():
            return json_schema(rule.item)
        case Closed():
            needed = [name for name, kind in rule.fields if not isinstance(kind, fields.Optional)]
            return {
                "type": "object",
                "properties": {name: json_schema(kind) for name, kind in rule.fields},
                "required": needed,
                "additionalProperties": False,
            }
        case TextOr():
            return {"anyOf": [json_schema(rule.text), json_schema(rule.other)]}
        case fields.Text():
            pattern = _PATTERNS.get(type(rule), ONE_LINE)
            return {"type": "string", "minLength": rule.low, "maxLength": rule.high, "pattern": pattern}
    return {}  # a rule with a shape of its own: what it refuses, its errors say


_PATTERNS: dict[type, str] = {
    fields.Mac: "^[0-9A-F]{2}(:[0-9A-F]{2}){5}$",
    Slug: "^[A-Za-z0-9_-]{1,32}$",
    TimeOfDay: "^([01][0-9]|2[0-3]):[0-5][0-9]$",
}


class Some:
    """`Annotated[list[Item], Some(0, 500)]`: a list of so many, checked before any of its items is."""

    def __init__(self, low: int, high: int) -> None:
        self._low = low
        self._high = high

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "minItems": self._low, "maxItems": self._high}

    def _check(self, value: object) -> object:
        if not isinstance(value, list) or not self._low <= len(value) <= self._high:
            raise refusal("", f"must be a list of {self._low}..{self._high}, not {shown(value)}")
        return value


class Checked(BaseModel):
    """An object of which every field is known: a typing error must not pass in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _knows_all(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise refusal("", f"must be an object, not {shown(value)}")
        for name in value:
            if name not in cls.model_fields:
                raise refusal(str(name)[:_LONGEST_NAME_SHOWN], f"is unknown; known: {', '.join(cls.model_fields)}")
        return value

    def only_one_of(self, *names: str) -> Self:
        """Refuse unless exactly one of these fields was given."""
        given = [name for name in names if name in self.model_fields_set]
        if len(given) != 1:
            raise refusal(given[1] if given else "", f"give one of {', '.join(names)}")
        return self


def refusal(field: str, detail: str) -> PydanticCustomError:
    """What a validator raises: `field` below the place where it is raised, and what is wrong with it."""
    return PydanticCustomError("refused", "{detail}", {"detail": detail, "field": field})


def fault(error: ValidationError) -> tuple[str, str]:
    """The first field at fault, by its path as in "channels.a.hue", and what is wrong with it."""
    first = error.errors(include_url=False, include_input=False)[0]
    context = first.get("ctx", {})
    detail = "is missing" if first["type"] == "missing" else context.get("detail", first["msg"])
    path = ""
    for part in (*first["loc"], context.get("field", "")):
        text = f"[{part}]" if isinstance(part, int) else part
        path += text if not path or not text or text.startswith("[") else f".{text}"
    return path, detail

from json import dumps, loads

from dual_support import cases, raises
from message_examples import EDGES, OPTIONAL, REFUSED, TOKEN, VALID

from lightwave import messages
from lightwave.fields import FieldError, Int, Map
from lightwave.messages import HUB, NODE, MessageError, build, parse

SENDER = {name: messages.MESSAGES[name][0] for name in messages.MESSAGES}


def copied(message):
    return {key: dict(value) if isinstance(value, dict) else value for key, value in message.items()}


def changed(path, value):
    """The valid example with the field at "message.field.field" set to value."""
    steps = path.split(".")
    message = copied(VALID[steps[0]])
    place = message
    for step in steps[1:-1]:
        place = place[step]
    place[steps[-1]] = value
    return steps[0], message


def without(path):
    steps = path.split(".")
    message = copied(VALID[steps[0]])
    place = message
    for step in steps[1:-1]:
        place = place[step]
    del place[steps[-1]]
    return steps[0], message


def received(name, message):
    return parse(dumps(dict(message, t=name)), SENDER[name])


def leaves(record, path):
    for name, kind in record.fields:
        yield path + "." + name
        inner = getattr(kind, "item", kind)
        if hasattr(inner, "fields"):
            for leaf in leaves(inner, path + "." + name):
                yield leaf


def test_every_field_of_the_table_has_refusals():
    listed = set()
    for name in messages.MESSAGES:
        listed.update(leaves(messages.MESSAGES[name][1], name))
    assert listed == set(REFUSED)


@cases(globals(), [(name, name) for name in VALID])
def test_valid_message(name):
    expected = dict(VALID[name], t=name)
    assert parse(build(name, **VALID[name]), SENDER[name]) == expected
    assert parse(build(name, **VALID[name]).encode("utf-8"), SENDER[name]) == expected


@cases(globals(), [(path.replace(".", "_"), path) for path in REFUSED])
def test_refused(path):
    for value in REFUSED[path]:
        name, message = changed(path, value)
        with raises(MessageError) as built:
            build(name, **message)
        with raises(MessageError) as caught:
            received(name, message)
        for error in (built.error, caught.error):
            assert error.code in (messages.BAD_FIELD, messages.BAD_PROTO, messages.BAD_JSON), (value, str(error))
            if error.code == messages.BAD_FIELD:
                assert (name + "." + error.field).startswith(path), (value, str(error))


@cases(globals(), [(path.replace(".", "_"), path) for path in REFUSED if path not in OPTIONAL])
def test_missing(path):
    name, message = without(path)
    with raises(MessageError) as caught:
        received(name, message)
    assert caught.error.code == messages.BAD_FIELD
    assert name + "." + caught.error.field == path and caught.error.detail == "is missing"


@cases(globals(), [(path.replace(".", "_"), path) for path in OPTIONAL])
def test_absent(path):
    name, message = without(path)
    assert received(name, message) == dict(message, t=name)


@cases(globals(), [(path.replace(".", "_"), path) for path in EDGES])
def test_outermost(path):
    for value in EDGES[path]:
        name, message = changed(path, value)
        assert parse(build(name, **message), SENDER[name]) == dict(message, t=name)


def test_another_proto_is_told_before_other_faults():
    for name in ("hello", "welcome"):
        with raises(MessageError) as caught:
            received(name, {"proto": 2, "unknown": 1})
        assert (caught.error.code, caught.error.field) == (messages.BAD_PROTO, "proto")


def test_unknown_fields_are_ignored_and_left_out():
    name, message = changed("hello.topo.rings", 5)
    message["extra"] = [1, {"x": None}]
    assert received(name, message) == dict(VALID["hello"], t="hello")


def test_build_refuses_unknown_fields_and_messages():
    with raises(MessageError) as caught:
        build("ts_ping", nodeId=1, token=TOKEN, seq=1, t1_us=1, t2_us=1)
    assert (caught.error.code, caught.error.field) == (messages.BAD_FIELD, "t2_us")
    with raises(MessageError) as caught:
        build("ts_pang")
    assert caught.error.code == messages.BAD_TYPE


TYPES = (
    ("missing", "{}", NODE),
    ("null", '{"t":null}', NODE),
    ("number", '{"t":1}', NODE),
    ("list", '{"t":["hello"]}', NODE),
    ("unknown", '{"t":"teapot"}', NODE),
    ("the_hubs_from_a_node", '{"t":"welcome"}', NODE),
    ("a_nodes_from_the_hub", '{"t":"hello"}', HUB),
)


@cases(globals(), TYPES)
def test_bad_type(text, sender):
    with raises(MessageError) as caught:
        parse(text, sender)
    assert (caught.error.code, caught.error.field) == (messages.BAD_TYPE, "t")


BAD_JSON = (
    ("empty", ""),
    ("no_json", "hello"),
    ("number", "17"),
    ("string", '"hello"'),
    ("list", '[{"t":"hello"}]'),
    ("null", "null"),
    ("open_string", '{"t":"hel'),
    ("open_inner_object", '{"t":"hello","caps":{'),
    ("two_objects", '{"t":"hello"}{"t":"hello"}'),
    ("bad_utf8", b'{"t":"\xff\xfe"}'),
    ("cut_utf8", b'{"t":"\xc3'),
    ("nul_bytes", b"\x00\x00"),
    ("deep_lists", "[" * 4000),
    ("deep_objects", '{"a":' * 800),
    ("many_brackets", '{"t":"ka","x":[' + "[]," * 64 + "[]]}"),
    ("not_text", None),
    ("integer", 5),
)


@cases(globals(), BAD_JSON)
def test_bad_json(text):
    with raises(MessageError) as caught:
        parse(text, NODE)
    assert caught.error.code == messages.BAD_JSON


def padded(size):
    text = build("hello", **VALID["hello"])
    return text + " " * (size - len(text))


def test_largest_size_passes():
    assert parse(padded(messages.MAX_MESSAGE_BYTES), NODE)["t"] == "hello"


TOO_LARGE = (
    ("text", padded(messages.MAX_MESSAGE_BYTES + 1)),
    ("bytes", padded(messages.MAX_MESSAGE_BYTES + 1).encode()),
    ("counted_in_bytes", '{"t":"hello","x":"' + "ü" * 2100 + '"}'),
)


@cases(globals(), TOO_LARGE)
def test_too_large(text):
    with raises(MessageError) as caught:
        parse(text, NODE)
    assert caught.error.code == messages.TOO_LARGE


def test_build_does_not_exceed_the_size():
    with raises(MessageError) as caught:
        build("catalog", nodeId=1, token=TOKEN, effects=["☃" * 24] * 64, palettes=["x"])
    assert caught.error.code == messages.TOO_LARGE


def test_build_does_not_exceed_the_brackets():
    with raises(MessageError) as caught:
        build("reject", code="bad_field", field="", detail="[" * 64)
    assert caught.error.code == messages.BAD_JSON


def test_surrogates_are_refused_and_characters_pass():
    with raises(MessageError):
        parse('{"t":"reject","code":"bad_json","field":"","detail":"\\ud800"}', HUB)
    text = build("reject", code="bad_json", field="", detail="\U0001f4a1")
    assert parse(text, HUB)["detail"] == "\U0001f4a1"


def test_names_of_statistics_are_checked_however_many_came_before():
    names = Map(4, Int(0, 9))
    for first in range(0, 40, 4):
        several = {"name_%d" % number: 1 for number in range(first, first + 4)}
        assert names.check(several, "stats") == several
        with raises(FieldError) as caught:
            names.check({"a name": 1}, "stats")
        assert caught.error.field == "stats"
        with raises(FieldError):
            names.check({"name_0": 10}, "stats")


def test_an_error_can_always_be_sent_as_a_reject():
    for path in REFUSED:
        for value in REFUSED[path]:
            name, message = changed(path, value)
            with raises(MessageError) as caught:
                received(name, message)
            error = caught.error
            parse(build("reject", code=error.code, field=error.field, detail=error.detail), HUB)


def test_an_error_is_readable():
    with raises(MessageError) as caught:
        received(*changed("hello.topo.leds", 0))
    assert str(caught.error) == "bad_field: topo.leds must be an integer 1..4096, not 0"
    assert isinstance(caught.error, ValueError)


def test_text_is_compact_json():
    text = build("ts_pong", **VALID["ts_pong"])
    assert " " not in text and loads(text) == dict(VALID["ts_pong"], t="ts_pong")

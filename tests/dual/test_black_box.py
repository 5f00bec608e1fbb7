from dual_support import raises

from lightwave.black_box import (
    AUDIO,
    FIELDS,
    MAX_PACKED,
    METRICS,
    pack_batch,
    pack_line,
    unpack_batch,
    unpack_line,
)
from lightwave.records.page import DATA, GAP, Record


def test_a_line_is_read_as_it_was_noted():
    values = {"fps_a": 119.9, "loss_pct": 0.25, "drift_us": 17, "locked": 1}
    payload = pack_line(METRICS, values)
    assert len(payload) == 2 * len(FIELDS)
    found = unpack_line(METRICS, payload)
    assert sorted(found) == sorted(values)
    for name in values:
        assert abs(found[name] - values[name]) < 0.001, name
    assert unpack_line(AUDIO, pack_line(AUDIO, {"bpm": 127.53})) == {"bpm": 127.53}


def test_what_does_not_fit_is_at_its_limit():
    found = unpack_line(METRICS, pack_line(METRICS, {"drift_us": 1 << 29, "rtt_us": -5}))
    assert found == {"drift_us": 65534, "rtt_us": 0}


def test_lines_of_other_versions_are_read_as_far_as_they_go():
    payload = pack_line(METRICS, {"fps_a": 60, "fps_b": 60})
    assert unpack_line(METRICS, payload[:2]) == {"fps_a": 60}
    assert unpack_line(METRICS, payload[:3] + b"") == {"fps_a": 60}
    assert unpack_line(METRICS, payload + b"\0\0\0\0") == {"fps_a": 60, "fps_b": 60}


def records(count, size):
    return [Record(3, 100 + number, 1 << 40, DATA, bytes([number & 255]) * size) for number in range(count)]


def test_a_batch_is_what_fits_one_message():
    for size in (0, 24, 255):
        text, last = pack_batch(records(200, size))
        found = unpack_batch(text)
        assert len(text) <= 2100 and found == records(200, size)[: len(found)] and found[-1] == last
        assert len(found) == min(200, MAX_PACKED // (18 + size))
    assert pack_batch([]) == ("", None)


def test_gaps_travel_too():
    gap = Record(1, 5, 7, GAP, bytes(8))
    assert unpack_batch(pack_batch([gap])[0]) == [gap]


def test_a_bad_batch_is_refused():
    text, _ = pack_batch(records(3, 24))
    for bad in (text[:-4], text[:8], "AAAA", "!" * 8):
        with raises(ValueError):
            unpack_batch(bad)
    with raises(ValueError):
        unpack_batch(pack_batch([Record(1, 1, 1, 3, b"")])[0])

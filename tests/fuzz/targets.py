"""All targets by name."""

from collections.abc import Callable

from tests.fuzz import hub_targets, session_target, wire_targets

TARGETS: dict[str, Callable[[bytes], None]] = {
    "message": wire_targets.message,
    "session": session_target.session,
    "datagrams": wire_targets.datagrams,
    "websocket": wire_targets.websocket,
    "handshake": wire_targets.handshake,
    "batch": wire_targets.batch,
    "segment": wire_targets.segment,
    "body": hub_targets.body,
    "image": hub_targets.image,
    "statement": hub_targets.statement,
    "archive": hub_targets.archive,
    "settings": hub_targets.settings,
}

"""Updates as the control thread sees them: orders come in, ota_status goes out, and a new application's trial.

What an update needs is imported when one comes: a node in a show has no memory for it.
"""

import gc

from lightwave import messages, ticks
from lightwave.compat import const
from lightwave.constants import OTA_NODE_TIMEOUT_S

_TELL_US = const(250000)  # progress is told no more often
_LAST_WORDS_MS = const(200)  # so that the hub hears of it before the reset
_SESSION_US = const(1000000)  # a session steps much more often
# The hub gives a node OTA_NODE_TIMEOUT_S and may then turn to the next one: what is not ready to restart by then, with
# time left for the restart and the trial, must not restart later.
_PATIENCE_S = OTA_NODE_TIMEOUT_S - 60
_VERDICTS = (
    None,
    (messages.OTA_DONE, "%s is healthy"),
    (messages.OTA_FAILED, "%s did not stay up in three starts: went back"),
    (messages.OTA_FAILED, "%s was not healthy in time: went back"),
    (messages.OTA_FAILED, "%s ended before it was healthy: the bootloader went back"),
)  # by loader's codes


class Updates:
    """`order` and `step` are the session's; `watch` is called throughout, with or without one."""

    def __init__(self, config, clock, port, connect, station, timesync, telemetry, fallback):
        self._config = config
        self._clock = clock
        self._port = port
        self._connect = connect
        self._station = station
        self._telemetry = telemetry
        self._fallback = fallback
        self._updater = None
        self._steps = None
        self._state, self._pct, self._detail, self._version = messages.OTA_IDLE, 0, "", ""
        self._told = None
        self._told_at = self._stepped_at = self._ordered_at = clock.now()
        self._trial = None
        if port.trial:
            from lightwave_node.trial import Trial

            self._trial = Trial(clock, timesync, telemetry, config.fps, config.trial_s)
            self._set(messages.OTA_VERIFYING, 0, "%s is on trial" % port.trial, port.trial)
        elif port.verdict:
            self._set_verdict()

    @property
    def busy(self):
        """An update is being made: whoever waits shall wait for nothing else."""
        return self._updater is not None

    def begin_session(self):
        """Another session: the hub may know nothing of us."""
        self._told = None

    def order(self, message):
        """A checked ota_update. The same again while it is being followed changes nothing."""
        if self._updater is not None and self._updater.sha256 == message["sha256"]:
            return
        if self._trial is not None and self._port.version == message["version"]:
            return
        if self._updater is not None or self._trial is not None:
            self._set(messages.OTA_FAILED, 0, "another update is under way", message["version"])
            return
        gc.collect()
        from lightwave_node.updater import Updater

        self._updater = Updater(
            message, self._config.board, self._config.update_key, self._clock, self._port, self._connect,
            self._station.address(),
        )  # fmt: skip
        self._steps = self._updater.steps()
        self._telemetry.updating = True
        self._ordered_at = self._clock.now()
        print("[OTA] ordered: %s" % message["version"])

    def step(self, send):
        """Go on a little, and tell by `send(type, **fields)` what is new. Raises OSError when the session has ended."""
        if self._updater is not None:
            self._go_on()
        self._stepped_at = self._clock.now()
        self._tell(send)
        if self._state == messages.OTA_REBOOTING and self._told is not None and self._told[0] == self._state:
            self._clock.sleep_ms(_LAST_WORDS_MS)
            self._port.reset()

    def watch(self):
        """Every 50 ms or so: feeds the watchdog, and judges the application that is on trial."""
        self._port.feed()
        in_session = ticks.diff(self._clock.now(), self._stepped_at) < _SESSION_US
        self._watch_update(in_session)
        trial = self._trial
        if trial is None:
            return
        trial.step(in_session)
        self._pct = trial.pct
        if not trial.over:
            return
        self._trial = None
        if trial.passed:
            self._port.confirm()
            self._set_verdict()
            print("[OTA] %s" % self._detail)
        else:
            print("[OTA] %s was not healthy in time" % self._port.version)
            self._port.give_up()

    def _watch_update(self, in_session):
        """Without a session the update waits, and the strips play on meanwhile."""
        if not in_session:
            self._fallback.dimmed = False
            if self._state == messages.OTA_REBOOTING:  # nobody to tell
                self._port.reset()
        if self._updater is not None and ticks.diff(self._clock.now(), self._ordered_at) >= _PATIENCE_S * 1000000:
            self._steps.close()
            self._end(messages.OTA_FAILED, self._pct, "was not ready within %d s" % _PATIENCE_S)

    def _go_on(self):
        from lightwave_node.updater import FAILURES, reason

        updater = self._updater
        try:
            next(self._steps)
            self._fallback.dimmed = updater.dim
            self._set(updater.state, updater.pct, "", updater.version)
        except StopIteration:
            self._end(updater.state, updater.pct, "")
        except FAILURES as error:
            self._end(messages.OTA_FAILED, updater.pct, reason(error))

    def _end(self, state, pct, detail):
        self._set(state, pct, detail, self._updater.version)
        print("[OTA] %s %s" % (state, detail))
        self._updater = self._steps = None
        if state == messages.OTA_FAILED:
            self._fallback.dimmed = False
            self._telemetry.updating = False
            gc.collect()

    def _set(self, state, pct, detail, version):
        self._state, self._pct, self._detail, self._version = state, pct, detail[:128], version

    def _set_verdict(self):
        state, detail = _VERDICTS[self._port.verdict]
        self._set(state, 100 if state == messages.OTA_DONE else 0, detail % self._port.version, self._port.version)

    def _tell(self, send):
        said = (self._state, self._pct, self._detail, self._version)
        if said == self._told or (self._told is None and self._state == messages.OTA_IDLE):
            return
        now = self._clock.now()
        if self._told is not None and self._told[0] == self._state and ticks.diff(now, self._told_at) < _TELL_US:
            return
        self._told = said
        self._told_at = now
        send("ota_status", state=self._state, pct=self._pct, version=self._version, detail=self._detail)

"""What an update needs of the board, between updates: the record of what is proven, the watchdog, the way back."""

import loader
import machine


class UpdatePort:
    """`trial` is the version that has to prove itself, "" when none has; `verdict` on `version`, the newest update, is
    one of loader's codes. Slots are opened by `slot`, which is imported when an update comes."""

    def __init__(self):
        self._record = loader.read()
        self._settle()

    @property
    def trial(self):
        return self.version if self._record.trial else ""

    @property
    def version(self):
        return str(self._record.version, "utf-8")

    @property
    def verdict(self):
        return self._record.verdict

    @property
    def counter(self):
        """Of the newest release that proved itself."""
        return self._record.counter

    def feed(self):
        """The main loop goes round. Without a watchdog this does nothing."""
        if loader.watchdog is not None:
            loader.watchdog.feed()

    def slot(self, kind):
        """Where an image of that kind is written: not where the running one lies."""
        from lightwave_hw import slots

        return slots.open_slot(kind, self._record.slot)

    def begin(self):
        """An update begins: what was said of the one before no longer counts. Raises OSError."""
        if self._record.verdict != loader.NO_VERDICT:
            self._record.verdict = loader.NO_VERDICT
            self._write()

    def switch(self, slot, statement):
        """The next start is a trial of what was written to `slot`. Raises OSError."""
        record = self._record
        record.trial = slot.number
        record.tries = loader.TRIES
        record.trial_counter = statement["counter"]
        record.version = statement["version"].encode()
        self._write()
        # The record first: an image that starts and finds no trial would never be called healthy.
        slot.choose()

    def confirm(self):
        """What runs on trial is healthy. Raises OSError."""
        record = self._record
        if record.trial >= loader.PARTITIONS:
            from lightwave_hw import slots

            slots.keep_running_partition()
        else:
            record.slot = record.trial
        record.counter = record.trial_counter
        self._end_trial(loader.HEALTHY)

    def give_up(self):
        """What runs on trial is not healthy: the next start is of what ran before."""
        self._end_trial(loader.NOT_HEALTHY)
        self.reset()

    def reset(self):
        machine.reset()

    def _settle(self):
        """A partition on trial that does not run: the bootloader has gone back to the other."""
        if self._record.trial >= loader.PARTITIONS:
            from lightwave_hw import slots

            if slots.running_partition() != self._record.trial:
                self._end_trial(loader.BOOTLOADER_WENT_BACK)

    def _end_trial(self, verdict):
        self._record.trial = 0
        self._record.verdict = verdict
        self._write()

    def _write(self):
        loader.write(self._record)

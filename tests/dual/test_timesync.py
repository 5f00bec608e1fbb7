from clock_simulation import CROWDED, LOPSIDED, QUIET, WIFI, Link, Simulation
from dual_support import Random, cases, no_allocation

from lightwave import packets, ticks
from lightwave.timesync import ANCHOR_PERIOD_US, HOLDOVER, LOCKED, UNLOCKED, TimeSync

LAST = ticks.PERIOD - 1
SECOND = 1000000

CLOCKS = (  # skew_ppm, hub_at, local_at
    ("same", 0, 0, 0),
    ("fast", 40, 123456789, 987654),
    ("slow", -40, 987654, 123456789),
    ("local_about_to_wrap", 40, 5000, ticks.PERIOD - 300000),
    ("hub_low_bits_about_to_wrap", -40, 3 * ticks.PERIOD - 300000, 77),
    ("both_about_to_wrap", 20, ticks.PERIOD - 400000, ticks.PERIOD - 200000),
    ("offset_near_the_wrap", -20, LAST, LAST - 10),
    ("hub_beyond_32_bits", 13, (1 << 33) + 12345, 500),
    ("hub_running_for_years", 40, 1 << 50, ticks.HALF),
)


@cases(globals(), CLOCKS)
def test_locks_on_a_quiet_link(skew_ppm, hub_at, local_at):
    simulation = Simulation(QUIET, skew_ppm, hub_at, local_at)
    assert simulation.run_until_locked(SECOND) < SECOND
    assert simulation.sync.lock_us < SECOND
    assert simulation.worst_error(2 * SECOND) <= 100
    simulation.run(15 * SECOND)
    assert simulation.worst_error(2 * SECOND) <= 50
    assert abs(simulation.sync.skew_ppm - skew_ppm) <= 2
    assert simulation.sync.hub_now(simulation.local()) - simulation.hub() in range(-50, 51)


LINKS = (  # link, worst error in us from the lock on, and after 15 s
    ("wifi", WIFI, 600, 350),
    ("lopsided", LOPSIDED, 600, 400),
    ("lossy", Link(1000, 6000, 4000, 30, 60000, 200), 700, 400),
    ("retransmitting", Link(1000, 6000, 4000, 100, 250000), 700, 400),
    ("crowded", CROWDED, 700, 400),
)


@cases(globals(), LINKS)
def test_locks_on_a_bad_link(link, worst_early, worst_settled):
    for seed, skew_ppm in ((1, 40), (2, -40), (3, 0)):
        simulation = Simulation(link, skew_ppm, 1 << 34, ticks.PERIOD - SECOND, seed)
        assert simulation.run_until_locked(3 * SECOND) < 3 * SECOND
        assert simulation.worst_error(15 * SECOND) <= worst_early
        assert simulation.worst_error(15 * SECOND) <= worst_settled
        assert simulation.sync.unlocks == 0


def test_follows_its_clocks_over_both_wraps():
    simulation = Simulation(QUIET, 30, 3 * ticks.PERIOD - 60 * SECOND, ticks.PERIOD - 120 * SECOND)
    simulation.run(20 * SECOND)
    worst = 0
    for _ in range(24):  # 24 minutes, in which either clock wraps twice
        simulation.now += 50 * SECOND  # a silence that would unlock, were tick called
        simulation.sync.tick(simulation.local())
        simulation.run(10 * SECOND)
        worst = max(worst, abs(simulation.error()))
        assert abs(simulation.sync.hub_now(simulation.local()) - simulation.hub()) <= 100
    assert worst <= 100


def test_holds_over_without_pongs_by_the_learned_skew():
    simulation = Simulation(QUIET, 40)
    simulation.run(30 * SECOND)
    sync = simulation.sync
    simulation.connected = False
    simulation.run(2 * SECOND)
    assert sync.locked and (sync.state, sync.reason) == (HOLDOVER, "no pong")
    bound_us = sync.bound_us
    for _ in range(11):
        simulation.run(5 * SECOND)
        assert sync.bound_us > bound_us >= abs(simulation.error())
        bound_us = sync.bound_us
    assert abs(simulation.error()) <= 200  # 40 ppm alone would be 2280
    simulation.run(5 * SECOND)
    assert (sync.locked, sync.state, sync.reason) == (False, UNLOCKED, "no pong for 60 s")


def test_a_holdover_ends_when_its_bound_grows_too_far():
    simulation = Simulation(QUIET, 40)
    simulation.run(SECOND)  # too short to know the skew
    simulation.connected = False
    assert simulation.sync.locked
    while simulation.sync.locked:
        simulation.run(SECOND)
        assert simulation.sync.bound_us >= abs(simulation.error())
    assert simulation.now < 40 * SECOND and "no pong" in simulation.sync.reason


def test_keeps_the_lap_through_a_silence_longer_than_one():
    simulation = Simulation(QUIET, 0, (1 << 40) + 5, 77)
    simulation.run(5 * SECOND)
    for _ in range(1500):
        simulation.now += SECOND
        simulation.sync.tick(simulation.local())
    assert abs(simulation.sync.hub_now(simulation.local()) - simulation.hub()) <= 1500


def test_relocks_when_pongs_return():
    simulation = Simulation(QUIET, 40)
    simulation.run(5 * SECOND)
    simulation.connected = False
    simulation.run(5 * SECOND)
    simulation.connected = True
    simulation.run(SECOND)
    assert (simulation.sync.state, simulation.sync.reason) == (LOCKED, "") and simulation.sync.unlocks == 0
    simulation.connected = False
    while simulation.sync.locked:
        simulation.run(SECOND)
    simulation.connected = True
    assert simulation.run_until_locked(5 * SECOND) < 5 * SECOND
    assert (simulation.sync.state, simulation.sync.reason) == (LOCKED, "") and simulation.sync.unlocks == 1


def test_unlocks_when_the_clocks_part_and_relocks_within_5_s():
    for step in (4000, -4000, 50000, -400000, 100 * SECOND):
        simulation = Simulation(QUIET, -40, 1 << 40, 99)
        simulation.run(5 * SECOND)
        simulation.hub_at += step
        start = simulation.now
        while simulation.sync.locked:
            simulation.step()
        assert "drift" in simulation.sync.reason and simulation.now - start < 2 * SECOND, step
        while not simulation.sync.locked:
            simulation.step()
        assert simulation.now - start < 5 * SECOND, step
        assert simulation.worst_error(SECOND) <= 100, step


def test_drift_shows_while_a_small_step_is_worked_off():
    simulation = Simulation(QUIET)
    simulation.run(10 * SECOND)
    assert simulation.sync.drift_us <= 50
    simulation.hub_at += 2000
    most = 0
    for _ in range(300):
        simulation.run(10000)
        most = max(most, simulation.sync.drift_us)
    assert 300 <= most <= 2100 and simulation.sync.locked
    simulation.run(20 * SECOND)
    assert abs(simulation.error()) <= 50 and simulation.sync.drift_us <= 50


def test_one_wild_sample_moves_nothing():
    simulation = Simulation(QUIET)
    simulation.run(5 * SECOND)
    sync, now = simulation.sync, simulation.local()
    before = sync.offset
    seq = sync.ping(now)
    assert sync.pong(seq, now, simulation.hub() + 500000, ticks.add(now, 600))
    assert sync.locked and abs(ticks.diff(sync.offset, before)) <= 2


def test_unlocks_when_round_trips_become_unstable():
    simulation = Simulation(QUIET)
    simulation.run(5 * SECOND)
    simulation.link = Link(300, 0, 0, 900, 900000)
    simulation.run(10 * SECOND)
    assert "spread" in simulation.sync.reason or "no pong" in simulation.sync.reason
    assert simulation.sync.unlocks >= 1


def test_does_not_lock_on_unstable_round_trips():
    simulation = Simulation(Link(300, 0, 0, 1000, 100000))
    simulation.run(10 * SECOND)
    assert not simulation.sync.locked and simulation.sync.rtt_us < 250000


def test_does_not_lock_while_the_offset_runs_away():
    simulation = Simulation(QUIET, skew_ppm=20000)
    simulation.run(10 * SECOND)
    assert not simulation.sync.locked and "drift" in simulation.sync.reason


GARBAGE = (  # how far the hub's time jumps about, either way
    ("of_20_ms", 20000),
    ("of_a_second", SECOND),
    ("of_any_time", ticks.HALF),
)


@cases(globals(), GARBAGE)
def test_never_locks_on_garbage(jump_us):
    random = Random(jump_us)
    sync = TimeSync()
    now = 1000
    sync.start(now, 1)
    for _ in range(600):
        seq = sync.ping(now)
        t2 = (1 << 40) + now + random.below(2 * jump_us) - jump_us
        sync.pong(seq, now, t2, ticks.add(now, 500 + random.below(1000)))
        assert not sync.locked
        now = ticks.add(now, 200000)


def test_the_bound_holds_from_the_lock_on():
    for seed, skew_ppm in ((1, 30), (2, -30)):
        simulation = Simulation(CROWDED, skew_ppm, seed=seed)
        simulation.run_until_locked(3 * SECOND)
        assert simulation.sync.locked and simulation.most_beyond_bound(40 * SECOND) <= 0


def test_burst_then_the_frozen_period():
    sync = TimeSync()
    sync.start(LAST - 50000, 1)
    now = LAST - 50000
    gaps = []
    for _ in range(11):
        assert sync.next_ping_in(now) == 0
        sync.ping(now)
        gaps.append(sync.next_ping_in(now))
        now = ticks.add(now, gaps[-1])
    assert gaps == [20000] * 7 + [200000] * 4


def started():
    sync = TimeSync()
    sync.start(1000, 1)
    return sync, sync.ping(1000)


REFUSED = (  # seq ahead, t1, t3
    ("unknown_seq", 1, 1000, 2000),
    ("seq_of_an_older_lap", -16, 1000, 2000),
    ("another_t1", 0, 1001, 2000),
    ("back_in_time", 0, 1000, 999),
    ("too_late", 0, 1000, 1001001),
)


@cases(globals(), REFUSED)
def test_pong_refused(ahead, t1, t3):
    sync, seq = started()
    assert not sync.pong(seq + ahead, t1, 5, t3)
    assert sync.rtt_us == 0


def test_pong_is_taken_once():
    sync, seq = started()
    assert sync.pong(seq, 1000, 5, 2000)
    assert not sync.pong(seq, 1000, 5, 2000)


def test_pong_of_an_earlier_session_is_refused():
    sync, seq = started()
    sync.start(1500, 1)
    assert not sync.pong(seq, 1000, 5, 2000)


def test_first_sample_is_used_at_once():
    sync, seq = started()
    assert sync.pong(seq, 1000, (5 << 30) + 7000, 2000)
    assert sync.to_local(7000) == 1500 and sync.to_hub(1500) == 7000
    assert sync.hub_now(1600) == (5 << 30) + 7100
    assert sync.rtt_us == 1000 and not sync.locked


def test_a_faster_sample_replaces_the_first_while_unlocked():
    sync, seq = started()
    sync.pong(seq, 1000, 500000, 41000)
    seq = sync.ping(50000)
    sync.pong(seq, 50000, 545000, 51000)
    assert sync.to_hub(51000) == 545500


def test_session_and_epoch_unlock():
    simulation = Simulation(QUIET, 40)
    simulation.run(20 * SECOND)
    sync = simulation.sync
    sync.unlock("websocket lost")
    assert (sync.locked, sync.reason) == (False, "websocket lost")
    sync.start(simulation.local(), 7)
    assert abs(sync.skew_ppm - 40) <= 2 and abs(simulation.error()) <= 50
    assert simulation.run_until_locked(SECOND) < SECOND
    sync.start(simulation.local(), 8)
    assert not sync.locked and sync.skew_ppm == 0 and sync.reason == "another hub clock"


def test_conversions_undo_each_other_without_allocation():
    sync = TimeSync()
    for offset in (0, 1, ticks.HALF, LAST):
        sync.offset = offset
        for moment in (0, 1, ticks.HALF - 1, ticks.HALF, LAST):
            with no_allocation:
                there = sync.to_local(moment)
                back = sync.to_hub(there)
            assert back == moment and 0 <= there <= LAST, (offset, moment)


@cases(globals(), CLOCKS)
def test_anchor_is_the_last_grid_point(skew_ppm, hub_at, local_at):
    simulation = Simulation(QUIET, skew_ppm, hub_at, local_at)
    for _ in range(8):
        simulation.run(333333)
        now = simulation.local()
        simulation.sync.anchor(now)
        hub = simulation.sync.hub_now(now)
        assert abs(hub - simulation.hub()) < 200
        assert simulation.sync.anchor_hub30 == (hub - hub % ANCHOR_PERIOD_US) % ticks.PERIOD
        assert ticks.diff(now, simulation.sync.anchor_local) == hub % ANCHOR_PERIOD_US


def test_nodes_agree_on_the_grid():
    anchors = []
    for skew_ppm, local_at in ((40, 5), (-40, LAST), (0, ticks.HALF)):
        simulation = Simulation(WIFI, skew_ppm, (1 << 41) + 777, local_at, seed=local_at % 1000)
        while simulation.now < 20025000:
            simulation.step()
        simulation.sync.anchor(simulation.local())
        anchors.append(simulation.sync.anchor_hub30)
    assert anchors[0] == anchors[1] == anchors[2]


def test_exchanges_by_datagram_allocate_nothing():
    """Across both wraps, with jitter; a slow control thread ticks between them."""
    packet = bytearray(packets.TS_SIZE)
    sync = TimeSync()
    local, hub = ticks.MASK - 30 * SECOND, (5 << 30) - 20 * SECOND
    sync.start(local, 1)
    random = Random(3)
    for _ in range(300):
        there_us, held_us, back_us = 400 + random.below(4000), random.below(3000), 400 + random.below(4000)
        with no_allocation:
            seq = sync.ping(local)
        packets.pack_ts(packet, packets.TS_PONG, 1, seq, 0, local, hub + there_us, held_us)
        t3 = ticks.add(local, there_us + held_us + back_us)
        with no_allocation:
            assert sync.pong_packet(packet, t3)
            sync.anchor(t3)
        if sync.locked:
            with no_allocation:
                sync.tick(ticks.add(t3, 50000))
        local, hub = ticks.add(local, 200000), hub + 200000
    assert sync.locked and sync.over_udp == 1 and sync.unlocks == 0
    assert abs(ticks.diff(sync.to_hub(local), hub % ticks.PERIOD)) <= 300
    assert abs(sync.hub_now(local) - hub) <= 300


def test_a_pong_by_websocket_says_so():
    sync, seq = started()
    assert sync.pong(seq, 1000, 5, 2000) and sync.over_udp == 0


def test_a_new_access_point_starts_over_but_keeps_the_skew():
    simulation = Simulation(QUIET, 40)
    simulation.run(30 * SECOND)
    sync = simulation.sync
    sync.start_over(simulation.local(), "access point lost")
    assert (sync.locked, sync.state, sync.reason) == (False, UNLOCKED, "access point lost")
    assert abs(sync.skew_ppm - 40) <= 2
    assert simulation.run_until_locked(SECOND) < SECOND

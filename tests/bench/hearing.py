"""Is what a node hears right: bins, tempo and beats against known truth and other trackers; and what does it cost?

Nothing here was tuned on what it reports, but for the real music: the weights of the tempo bank were fitted to every
other track (_hearing_fit.py), so the rates of the tracks left out are reported by themselves, too.
"""

from collections.abc import Sequence
from typing import Any

from _build_common import BUILD
from host_kernels import Analysis
from trixie import TrixieError
from xtensa import ToolchainUnavailable, kernels, products

from . import _hearing_clips, _hearing_music, _hearing_spectrum, _hearing_tempo
from ._common import not_measured, percentile, print_table, write_figures
from ._hearing_tempo import Heard, Judged
from ._hearing_trackers import same, same_but_for_octave

SEEDS = 50000  # the fit's are below 3000
CLIPS_PER_STYLE, QUICK_CLIPS_PER_STYLE, QUICK_TRACKS = 8, 3, 8
TEMPO_FUNCTIONS = ("novelty_process", "correlate", "periodicity_", "tempo_process", "beat_clock_")
MUSIC_KEYS = ("music_tracks", "music_strict", "music_octave")


def main(quick: bool) -> None:
    """QUICK: three clips of each style instead of eight, the trackers not asked about them, eight tracks, and only what
    is in build/ already of the games' music and the Xtensa toolchain."""
    analysis = Analysis()
    figures: dict[str, Any] = {"quick": quick}
    figures |= _hearing_spectrum.exactness() | _hearing_spectrum.cost_ratios(BUILD / "bench" / "hearing")
    figures |= tempo_figures(analysis, quick)
    figures |= music_figures(analysis, quick)
    figures |= core_share(quick)
    show(figures)
    write_figures("hearing", figures)


def rate(right: Sequence[bool]) -> float | None:
    return round(sum(right) / len(right), 4) if right else None


# ---- generated clips ---------------------------------------------------------------------------------------------


def tempo_figures(analysis: Analysis, quick: bool) -> dict[str, Any]:
    per_style = QUICK_CLIPS_PER_STYLE if quick else CLIPS_PER_STYLE
    clips = _hearing_clips.clips(per_style, SEEDS)
    judged = [_hearing_tempo.judge(analysis, clip, ask_others=not quick) for clip in clips]
    show_styles(judged)
    first = [each.first_s for each in judged if each.first_s is not None]
    phase = [error for each in judged for error in each.phase_ms]
    return {
        "tempo_clips": len(judged),
        "tempo_strict": rate([each.right(each.ours, False) for each in judged]),
        "tempo_octave": rate([each.right(each.ours, True) for each in judged]),
        "first_estimate_s": percentile(first, 50),
        "first_estimate_s_p90": percentile(first, 90),
        "never_right": len(judged) - len(first),
        "beat_phase_p50_ms": percentile(phase, 50),
        "beat_phase_p95_ms": percentile(phase, 95),
        "others_on_clips": {name: others(judged, name) for name in ("librosa", "aubio")} if not quick else None,
        "wrong_clips": [
            f"{each.style} {each.bpm:.1f} -> {each.ours:.1f}" for each in judged if not each.right(each.ours, False)
        ],
    }


def others(judged: list[Judged], name: str) -> dict[str, float | None]:
    return {
        "strict": rate([each.right(each.others[name], False) for each in judged]),
        "octave": rate([each.right(each.others[name], True) for each in judged]),
    }


def show_styles(judged: list[Judged]) -> None:
    rows = []
    for style in sorted({each.style for each in judged}):
        of_style = [each for each in judged if each.style == style]
        phase = [error for each in of_style for error in each.phase_ms]
        strict = rate([each.right(each.ours, False) for each in of_style])
        octave = rate([each.right(each.ours, True) for each in of_style])
        rows.append((style, len(of_style), strict, octave, percentile(phase, 50), percentile(phase, 95)))
    head = ("generated clips", "clips", "strict", "octave", "phase p50 ms", "p95 ms")
    print_table("Tempo within 4 %, and beat phase after 10 s where the tempo is right", head, rows)


# ---- real music --------------------------------------------------------------------------------------------------


def music_figures(analysis: Analysis, quick: bool) -> dict[str, Any]:
    if quick and not _hearing_music.MUSIC.exists():
        return not_measured("QUICK fetches no music.", *MUSIC_KEYS)
    try:
        files = _hearing_music.track_files(_hearing_music.fetch())
    except TrixieError as error:
        return not_measured(str(error), *MUSIC_KEYS)
    chosen = files[:: len(files) // QUICK_TRACKS] if quick else files
    played = [_hearing_tempo.judge_track(analysis, track) for track in _hearing_music.tracks(chosen)]
    agreed = [each for each in played if each.opinion.agreed is not None]
    strict = [each for each in agreed if each.opinion.strict]
    show_music(played)
    return {
        "music_tracks": len(agreed),
        "music_tracks_strict": len(strict),
        "music_tracks_heard": len(played),
        "music_strict": rate([each.strictly_right for each in strict]),
        "music_octave": rate([each.octave_right for each in agreed]),
        "music_left_out_strict": rate([each.strictly_right for each in strict if not each.for_fitting]),
        "music_left_out_octave": rate([each.octave_right for each in agreed if not each.for_fitting]),
        "agreement": agreement(played),
    }


def agreement(played: list[Heard]) -> dict[str, dict[str, float | None]]:
    """How often two of the three trackers say the same, over all tracks."""
    pairs = {
        "ours_librosa": [(each.ours, each.opinion.librosa) for each in played],
        "ours_aubio": [(each.ours, each.opinion.aubio) for each in played],
        "librosa_aubio": [(each.opinion.librosa, each.opinion.aubio) for each in played],
    }
    return {
        name: {
            "strict": rate([same(one, other) for one, other in pair]),
            "octave": rate([same_but_for_octave(one, other) for one, other in pair]),
        }
        for name, pair in pairs.items()
    }


def show_music(played: list[Heard]) -> None:
    rows = [
        (each.name, each.ours, each.opinion.librosa, each.opinion.aubio, each.opinion.agreed)
        for each in played
        if not (each.strictly_right and each.opinion.strict)
    ]
    head = ("track", "ours", "librosa", "aubio", "agreed")
    print_table(f"Real music, BPM: {len(played)} tracks, those on which not all three are of one mind", head, rows)


# ---- cost --------------------------------------------------------------------------------------------------------


def core_share(quick: bool) -> dict[str, Any]:
    if quick and not (BUILD / "xtensa" / "stamp").exists():
        return not_measured("QUICK builds nothing for Xtensa.", "hop_core_share")
    try:
        made = products.ensure()
    except ToolchainUnavailable as error:
        return not_measured(str(error), "hop_core_share")
    counts = kernels.hop_instructions(made.xtensa, made.toolchain)
    tempo = sum(count for name, count in counts.items() if name.startswith(TEMPO_FUNCTIONS))
    return {
        "hop_core_share": round(kernels.hop_core_share(sum(counts.values())), 4),
        "hop_instructions": round(sum(counts.values())),
        "tempo_instructions": round(tempo),
    }


def show(figures: dict[str, Any]) -> None:
    nested = {name: value for name, value in figures.items() if isinstance(value, dict)}
    plain = {name: value for name, value in figures.items() if not isinstance(value, dict | list)}
    rows = [(name, f"{value:.4g}" if isinstance(value, float) else value) for name, value in plain.items()]
    for name, value in nested.items():
        rows += [(f"{name} {key}", str(entry)) for key, entry in value.items()]
    print_table("Hearing", ("figure", "value"), rows)

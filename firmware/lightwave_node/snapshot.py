"""Where the fields of an audio snapshot are; firmware/native/snapshot.h says what they mean. Little-endian and aligned:
packets.u16, packets.low30 and the kernels of kernels/sound.py read them where they are."""

HOP_AT = 0
CAPTURED_AT = 4
PUBLISHED_AT = 8
PEAK_AT = 12
RMS_AT = 14
FLAGS_AT = 16
SPECTRUM_AT = 20
CHROMA_AT = 148
BASS_AT = 172  # and the other two bands after it
MID_AT = 174
TREBLE_AT = 176
NOVELTY_AT = 178
BPM_X100_AT = 180
CONFIDENCE_AT = 182
PHASE_AT = 184
ONSETS_AT = 186
BEAT_AT = 188
SIZE = 196

BINS = 64
PITCHES = 12
BANDS = 3
FLAG_SILENCE = 2

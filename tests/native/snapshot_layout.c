// Prints the offsets the compiler chose, one field per line.
#include <stdio.h>

#include "snapshot.h"

#define PRINT(field) printf(#field " %zu\n", offsetof(snapshot_t, field))

int main(void) {
    PRINT(hop);
    PRINT(captured_us);
    PRINT(published_us);
    PRINT(vu_peak);
    PRINT(vu_rms);
    PRINT(flags);
    PRINT(bins);
    PRINT(spectrum);
    PRINT(chroma);
    PRINT(bass);
    PRINT(mid);
    PRINT(treble);
    PRINT(novelty);
    PRINT(bpm_x100);
    PRINT(confidence);
    PRINT(phase);
    PRINT(onsets);
    PRINT(beat);
    PRINT(hop_check);
    printf("size %zu\n", sizeof(snapshot_t));
    return 0;
}

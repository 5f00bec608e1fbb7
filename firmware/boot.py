# Runs before main.py. Collect garbage early and often: a collection of little is over before a frame is late.
import gc

import loader

gc.threshold(24 * 1024)
loader.start()

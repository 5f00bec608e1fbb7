"""Time-stamped records that survive a pulled plug: RAM first, flash behind. FORMAT.md has the bytes."""

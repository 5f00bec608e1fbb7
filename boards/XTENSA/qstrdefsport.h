// No names of its own beyond those the scanner finds.

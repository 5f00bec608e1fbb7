# What our image freezes: the node and what it shares with the hub. boot.py and main.py stay files on the flash.
package("lightwave_node", base_path=".")  # noqa: F821 - the manifest's own words
package("lightwave_hw", base_path=".")  # noqa: F821
module("loader.py", base_path=".")  # noqa: F821
package("lightwave", base_path="../shared")  # noqa: F821

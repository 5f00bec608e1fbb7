#!/bin/sh
# What udhcpc calls: the lease becomes the interface's address, and nothing else of the machine is touched.
set -e
case "$1" in
deconfig) ip -4 addr flush dev "$interface" && ip link set "$interface" up ;;
bound | renew) ip addr replace "$ip/$mask" dev "$interface" ;;
esac

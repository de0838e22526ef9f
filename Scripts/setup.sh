#!/usr/bin/env bash
# Installs what building and testing need beside Swift 6: libzstd, and Python for the oracle. Does nothing when it is there.
set -euo pipefail

if ! command -v swift >/dev/null; then
  echo "setup: expected Swift 6 on the PATH, found none: see swift.org/install" >&2
  exit 1
fi

missing=()
for package in libzstd-dev pkg-config python3; do
  case "$package" in
    python3) command -v python3 >/dev/null || missing+=("$package") ;;
    pkg-config) command -v pkg-config >/dev/null || missing+=("$package") ;;
    *) dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package") ;;
  esac
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "setup: expected these installed: ${missing[*]} (no apt-get here to do it)" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "setup: expected these packages installed: ${missing[*]}" >&2
  echo "setup: run: sudo apt-get install -y ${missing[*]}" >&2
  exit 1
fi
echo "setup: installing ${missing[*]}"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

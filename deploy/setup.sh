#!/bin/sh
# Finds a Python that can make Matinee's own, and hands over to deploy/setup.py.
for python in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    [ -n "$python" ] || continue
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then
        exec "$python" -I deploy/setup.py "$@"
    fi
done
echo "Matinee needs Python 3.11, 3.12 or 3.13 with pip and venv (Debian and Ubuntu: apt install python3-venv)." >&2
exit 1

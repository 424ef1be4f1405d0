#!/usr/bin/env bash
# Runs the Dockerfile's steps one by one in a clean folder, as far as that goes without an engine:
# what the build stage copies and installs, the compilation, and the final stage's command with its
# environment, health check and stop signal. Layers, the user and volumes aren't tried.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python3}
clean=$(mktemp -d)
server=
finish() { [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$clean"; }
trap finish EXIT
step() { printf '── %s\n' "$*"; }

step "the build stage sees only what it copies"
mkdir -p "$clean/src"
cd "$root"
for path in $(sed -n 's/^COPY \([^-$].*\) [^ ]*$/\1/p' Dockerfile); do
  git archive --format=tar HEAD "$path" | tar -x -C "$clean/src"
done
definitions=$(sed -n 's/^ARG DEFINITIONS=//p' Dockerfile)
git archive --format=tar HEAD "$definitions" | tar -x -C "$clean"

step "install as the build stage does"
"$python" -m venv "$clean/opt"
(cd "$clean/src" && "$clean/opt/bin/pip" install --quiet --no-cache-dir '.[fast,import,native]')

step "compile the definitions"
"$clean/opt/bin/offerd" compile "$clean/$definitions" --out "$clean/bundle"

step "serve with the final stage's environment, on loopback and free ports"
export OFFERD_SERVE_BUNDLE=$clean/bundle OFFERD_SERVE_STATE=$clean/state
export OFFERD_SERVE_GRPC=127.0.0.1:0 OFFERD_SERVE_HTTP=127.0.0.1:0 PYTHONUNBUFFERED=1
cd "$clean"
PATH=$clean/opt/bin:/usr/bin:/bin "$clean/opt/bin/offerd" serve >"$clean/out" 2>"$clean/log" &
server=$!
for _ in $(seq 100); do
  grep -q '^HTTP' "$clean/out" && break
  kill -0 "$server" || { cat "$clean/log"; exit 1; }
  sleep 0.1
done
address=$(grep -o '127\.0\.0\.1:[0-9]*' "$clean/out" | head -1)

step "the health check"
"$clean/opt/bin/offerd" health "$address"

step "the stop signal"
kill -TERM "$server"
wait "$server"
server=
step "done: every step passed"

#!/bin/bash
# The same steps as the evaluator's, one after another, with nothing around them: no sandbox, no verdicts, no overlap.
# Usage: plain.sh NODE_MODULES BROWSER APP... ; the app's environment is the script's own.
set -euo pipefail
modules=$1 browser=$2
shift 2
for app in "$@"; do
  work=$(mktemp -d)
  cp -r "$app/." "$work"
  ln -s "$modules" "$work/node_modules"
  cd "$work"
  node node_modules/typescript/bin/tsc -b >types.log
  node node_modules/vite/bin/vite.js build >build.log 2>&1
  node node_modules/rolldown/bin/cli.mjs --config rolldown.config.js >>build.log 2>&1
  node node_modules/vitest/vitest.mjs run --coverage >tests.log 2>&1
  export PORT=$((20000 + RANDOM % 20000))
  node dist/server.js >server.log 2>&1 &
  server=$!
  until curl -sf "http://127.0.0.1:$PORT/healthcheck" >health.json; do sleep 0.02; done
  for size in 1280,800 390,844; do
    "$browser" --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" --window-size=$size \
      --virtual-time-budget=3000 --screenshot="$work/$size.png" "http://127.0.0.1:$PORT/" >browser.log 2>&1
  done
  kill $server
  wait $server 2>/dev/null || true
  cd /
  rm -rf "$work"
done

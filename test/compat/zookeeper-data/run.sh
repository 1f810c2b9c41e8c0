#!/usr/bin/env bash
# Apache ZooKeeper and ours take turns on one data directory: each serves a Java client, is killed with -9, and then
# both load the directory and must see the same tree, stats, ACLs, sessions and digest.
# Usage: run.sh DIRECTORY-OF-APACHE-JARS   (after `npm run build`; needs Java)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dist="$here/../../../dist/test/compat/zookeeper-data"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
javac -cp "$1/*" -d "$work" "$here"/*.java
# To be run in a shell of its own, which it replaces, so that a kill reaches Java itself.
java_() { exec java -cp "$1/*:$work" -Dzookeeper.extendedTypesEnabled=true -Dzookeeper.snapCount=60 -Dzookeeper.preAllocSize=64 \
  -Dzookeeper.admin.enableServer=false "${@:2}"; }
mkdir "$work/data"
port=${PORT:-21981}

turn() { # who, round
  if [ "$1" = apache ]; then
    java_ "$JARS" org.apache.zookeeper.server.ZooKeeperServerMain "$port" "$work/data" >"$work/$2.out" 2>&1 &
  else
    node "$dist/serve.js" "$work/data" "$port" >"$work/$2.out" 2>&1 &
  fi
  local server=$!
  for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
  (java_ "$JARS" Load "$port" "$2" 2>/dev/null)
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  cp -r "$work/data" "$work/for-apache"
  cp -r "$work/data" "$work/for-ours"
  (java_ "$JARS" DumpTree "$work/for-apache" >"$work/apache.txt" 2>/dev/null)
  node "$dist/dump-tree.js" "$work/for-ours" >"$work/ours.txt"
  rm -rf "$work/for-apache" "$work/for-ours"
  cmp "$work/apache.txt" "$work/ours.txt"
  echo "round $2 ($1 served): same, $(wc -l <"$work/ours.txt") lines, $(head -1 "$work/ours.txt")"
}

JARS=$1
turn ours 1
turn apache 2
turn ours 3
turn apache 4

#!/usr/bin/env node
import("../dist/bundle/zk-snapshot-toolkit.js");

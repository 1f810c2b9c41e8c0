#!/usr/bin/env node
import("../dist/bundle/zk-txn-log-toolkit.js");

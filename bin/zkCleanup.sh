#!/usr/bin/env node
import("../dist/bundle/zk-cleanup.js");

#!/usr/bin/env node
import("../dist/bundle/zk-cli.js");

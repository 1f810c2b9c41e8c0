#!/usr/bin/env node
import("../dist/bundle/zk-server.js");

#!/usr/bin/env node
import("../dist/bundle/zookeeper-shell.js");

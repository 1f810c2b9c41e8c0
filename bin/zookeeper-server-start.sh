#!/usr/bin/env node
import("../dist/bundle/zookeeper-server-start.js");

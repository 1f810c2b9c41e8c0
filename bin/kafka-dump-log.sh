#!/usr/bin/env node
import("../dist/bundle/kafka-dump-log.js");

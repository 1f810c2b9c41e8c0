#!/usr/bin/env node
import("../dist/bundle/kafka-consumer-perf-test.js");

#!/usr/bin/env node
import("../dist/bundle/kafka-producer-perf-test.js");

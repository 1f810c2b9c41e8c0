#!/usr/bin/env node
import("../dist/bundle/kafka-share-consumer-perf-test.js");

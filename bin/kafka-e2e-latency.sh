#!/usr/bin/env node
import("../dist/bundle/kafka-e2e-latency.js");

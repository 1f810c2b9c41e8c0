#!/usr/bin/env node
import("../dist/bundle/kafka-client-metrics.js");

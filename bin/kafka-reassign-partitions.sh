#!/usr/bin/env node
import("../dist/bundle/kafka-reassign-partitions.js");

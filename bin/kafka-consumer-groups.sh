#!/usr/bin/env node
import("../dist/bundle/kafka-consumer-groups.js");

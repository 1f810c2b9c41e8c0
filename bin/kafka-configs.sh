#!/usr/bin/env node
import("../dist/bundle/kafka-configs.js");

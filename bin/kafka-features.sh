#!/usr/bin/env node
import("../dist/bundle/kafka-features.js");

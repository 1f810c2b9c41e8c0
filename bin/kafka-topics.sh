#!/usr/bin/env node
import("../dist/bundle/kafka-topics.js");

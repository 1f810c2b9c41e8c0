#!/usr/bin/env node
import("../dist/bundle/kafka-jmx.js");

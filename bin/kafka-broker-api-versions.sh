#!/usr/bin/env node
import("../dist/bundle/kafka-broker-api-versions.js");

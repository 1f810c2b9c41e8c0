#!/usr/bin/env node
import("../dist/bundle/kafka-console-producer.js");

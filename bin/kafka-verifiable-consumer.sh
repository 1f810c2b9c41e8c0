#!/usr/bin/env node
import("../dist/bundle/kafka-verifiable-consumer.js");

#!/usr/bin/env node
import("../dist/bundle/kafka-console-share-consumer.js");
